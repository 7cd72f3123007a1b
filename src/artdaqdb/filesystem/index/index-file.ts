import { dirname, join } from 'node:path';
import { ArtdaqDbError, messageOf } from '../../../errors.ts';
import { syncDirectory, writeFileAtomic } from '../../../files/atomic-file.ts';
import { contentSignatureOf, type FileStats, signatureOf } from '../../../files/file-signature.ts';
import { isWithoutLinks, undefinedIfMissing } from '../../../system-error.ts';
import { OBJECT_ID } from '../../stored-document.ts';
import { type DatabaseFiles, toleratingExistence } from '../database-files.ts';
import type { IndexBytes } from './index-bytes.ts';
import { FRESH_INDEX, type IndexChange } from './index-entry.ts';
import { holdsLists, type IndexLayout, type ListFilter, noLists } from './index-layout.ts';
import { scanIndex, UnreadableIndexError } from './index-scan.ts';
import { editedBytes, editsFor } from './index-splice.ts';
import { layoutAfter } from './layout-after.ts';
import { beingWritten, emptyIndex, OpenIndex } from './open-index.ts';

/** One state of an index. */
export interface IndexState {
  readonly layout: IndexLayout;
  /** Identifies the state of the file; undefined if there was no file. */
  readonly signature: string | undefined;
}

/**
 * Finds out something from an index while its bytes can be read. They may be torn: then the result, or an
 * UnreadableIndexError, is dropped, and the next state is looked at.
 */
export type IndexLook<Seen> = (bytes: IndexBytes, index: IndexState) => Seen;

/** A state of an index, and what a look at it found out. */
export interface SeenIndex<Seen> extends IndexState {
  readonly seen: Seen;
}

/** Another program wrote an index between our reading and our writing it. */
export class IndexChangedError extends ArtdaqDbError {}

/**
 * Called when the new file is ready to replace the one that was read (its stats; undefined if there was none). It throws to
 * prevent that.
 */
type BeforeRename = (stats: FileStats | undefined) => Promise<void>;

/** C++ tools rewrite an index in place: within this time a half-written one is whole again. */
const READ_ATTEMPTS = 20;
const READ_PAUSE_MS = 100;
/** Bytes to keep in memory of an index of which single lists are read. */
const LITTLE = 1 << 12;

/** Reads and replaces the index.json of one collection. */
export class IndexFile {
  readonly path: string;
  readonly #files: DatabaseFiles;
  readonly #sleep: (milliseconds: number) => Promise<unknown>;
  /** The state that was found last, or that is our own. It spares a scan as long as the file has its signature. */
  #known: IndexState | undefined;

  /** @param collection directory of the collection */
  constructor(collection: string, files: DatabaseFiles, sleep: (milliseconds: number) => Promise<unknown>) {
    this.path = join(collection, 'index.json');
    this.#files = files;
    this.#sleep = sleep;
  }

  /**
   * Looks at the index. A collection without documents needs none.
   * @throws ArtdaqDbError if it stays unreadable, or is missing although there are documents
   */
  async look<Seen>(wanted: ListFilter, look: IndexLook<Seen>): Promise<SeenIndex<Seen>> {
    let firstState: string | undefined;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#readOnce(wanted, look);
      } catch (error) {
        if (!(error instanceof UnreadableIndexError)) throw error;
        const state = await this.signature();
        if (attempt === 1) firstState = state;
        if (attempt === READ_ATTEMPTS) throw unreadable(this.path, error, state !== firstState);
        await this.#sleep(READ_PAUSE_MS);
      }
    }
  }

  /** Finds only the places of lists. */
  read(wanted: ListFilter): Promise<IndexState> {
    return this.look(wanted, () => undefined);
  }

  /** Identifies the state of the file; undefined if there is no file. */
  async signature(): Promise<string | undefined> {
    const stats = await this.#files.stat(this.path, { bigint: true }).catch(undefinedIfMissing);
    return stats === undefined ? undefined : signatureOf(stats);
  }

  /** When content or name of the file changed last, in milliseconds since 1970; 0 if there is no file. */
  async lastChange(): Promise<number> {
    const stats = await this.#files.stat(this.path).catch(undefinedIfMissing);
    return Math.max(stats?.mtimeMs ?? 0, stats?.ctimeMs ?? 0);
  }

  /** Size in bytes, and time of the last write in milliseconds since 1970; both 0 if there is no file. */
  async extent(): Promise<{ readonly size: number; readonly written: number }> {
    const stats = await this.#files.stat(this.path).catch(undefinedIfMissing);
    return { size: stats?.size ?? 0, written: stats?.mtimeMs ?? 0 };
  }

  /**
   * Changes the index, atomically and durably.
   * @param index as just read, with all lists that the change touches
   * @returns the signature of the new file; undefined if another program has written to it already
   * @throws IndexChangedError if another program has written the index since it was read
   */
  async replace(
    index: IndexState,
    change: IndexChange,
    beforeRename: BeforeRename,
  ): Promise<string | undefined> {
    let file: OpenIndex | undefined;
    try {
      file = await OpenIndex.at(this.path, this.#files);
      if (file?.signature !== index.signature) throw changedMeanwhile(this.path);
      const bytes = file?.bytes(LITTLE) ?? emptyIndex();
      const edits = editsFor(bytes, index.layout, change);
      const content = chunks(editedBytes(bytes, edits.edits));
      const signature = await this.write(content, index.signature, beforeRename);
      const layout = layoutAfter(index.layout, edits);
      this.#known = signature === undefined || layout === undefined ? undefined : { signature, layout };
      return signature;
    } catch (error) {
      // A program that writes in place has just cut it off.
      if (error instanceof UnreadableIndexError) throw changedMeanwhile(this.path);
      throw error;
    } finally {
      await file?.close();
    }
  }

  /**
   * Writes a whole new content, as {@link replace} does.
   * @param replaced signature of the file that it was made from; undefined if there was none
   */
  async write(
    content: AsyncIterable<Buffer>,
    replaced: string | undefined,
    beforeRename: BeforeRename,
  ): Promise<string | undefined> {
    const files = this.#files;
    let written: string | undefined;
    const rename: typeof files.rename = async (from, to) => {
      written = await this.#mark(String(from));
      const stats = await files.stat(this.path, { bigint: true }).catch(undefinedIfMissing);
      if ((stats && signatureOf(stats)) !== replaced) {
        throw changedMeanwhile(this.path);
      }
      await beforeRename(stats);
      await files.rename(from, to);
    };
    await writeFileAtomic(this.path, content, { files: { ...files, rename }, syncDirectory: false });
    await syncDirectory(dirname(this.path), files);
    const stats = await files.stat(this.path, { bigint: true }).catch(undefinedIfMissing);
    return stats && contentSignatureOf(stats) === written ? signatureOf(stats) : undefined;
  }

  /**
   * Makes an empty index where there is none yet, before the first document.
   * @throws ArtdaqDbError if there are documents
   */
  async create(): Promise<void> {
    if ((await this.signature()) !== undefined) return;
    const { signature } = await this.read(noLists);
    if (signature !== undefined) return;
    const files = this.#files;
    // Unlike a rename, a link never replaces an index that another program has made meanwhile.
    const rename: typeof files.rename = async (from, to) => {
      try {
        await files.link(from, to);
      } catch (error) {
        if (isWithoutLinks(error)) return files.rename(from, to);
        toleratingExistence(error);
      }
      await files.rm(from);
    };
    await writeFileAtomic(this.path, FRESH_INDEX, { files: { ...files, rename } });
  }

  /**
   * Gives a new file a time that no clock gives. So a foreign write is noticed even if it comes in the same tick and leaves
   * the same size.
   */
  async #mark(path: string): Promise<string> {
    const handle = await this.#files.open(path, 'r');
    try {
      const { mtimeNs } = await handle.stat({ bigint: true });
      const time = Number(mtimeNs) / 1e9 - 1e-6;
      await handle.utimes(time, time);
      return contentSignatureOf(await handle.stat({ bigint: true }));
    } finally {
      await handle.close();
    }
  }

  async #readOnce<Seen>(wanted: ListFilter, look: IndexLook<Seen>): Promise<SeenIndex<Seen>> {
    const file = await OpenIndex.at(this.path, this.#files);
    if (file === undefined) {
      await this.#refuseDocumentsWithoutIndex();
      const bytes = emptyIndex();
      return seenIndex(bytes, { layout: scanIndex(bytes, wanted), signature: undefined }, look);
    }
    try {
      const { signature } = file;
      const known = this.#known?.signature === signature ? this.#known : undefined;
      const isEnough = known !== undefined && holdsLists(known.layout, wanted);
      const bytes = file.bytes(isEnough ? LITTLE : undefined);
      const state = isEnough ? known : { layout: scanIndex(bytes, wanted), signature };
      const seen = seenIndex(bytes, state, look);
      if (!(await file.isUnchanged())) throw beingWritten();
      this.#known = state;
      return seen;
    } finally {
      await file.close();
    }
  }

  /** The index is made before the first document, so documents alone mean that it was lost. */
  async #refuseDocumentsWithoutIndex(): Promise<void> {
    const names = (await this.#files.readdir(dirname(this.path)).catch(undefinedIfMissing)) ?? [];
    if (names.some((name) => name.endsWith('.json') && OBJECT_ID.test(name.slice(0, -'.json'.length)))) {
      throw new UnreadableIndexError('the file is missing although the collection has documents');
    }
  }
}

/** The error for an index that another program has written meanwhile. */
export function changedMeanwhile(path: string): IndexChangedError {
  return new IndexChangedError(`${path} was changed by another program meanwhile`, { retryable: true });
}

/** An index that a program is writing is not damaged: restoring it would undo that program's work. */
function unreadable(path: string, cause: UnreadableIndexError, isChanging: boolean): ArtdaqDbError {
  const message = isChanging
    ? `${path} can't be read while another program keeps writing to it: ${messageOf(cause)}. Nothing was changed`
    : `${path} is not a readable index: ${messageOf(cause)}. ` +
      'Nothing was changed; restore it from a backup, or see what bin/repair-filesystemdb says';
  return new ArtdaqDbError(message, { cause, retryable: true, fault: isChanging ? 'unknown' : 'site' });
}

async function* chunks(parts: Iterable<Buffer>): AsyncGenerator<Buffer> {
  yield* parts;
}

function seenIndex<Seen>(bytes: IndexBytes, state: IndexState, look: IndexLook<Seen>): SeenIndex<Seen> {
  return { ...state, seen: look(bytes, state) };
}
