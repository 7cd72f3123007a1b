import { join } from 'node:path';
import type { Collection } from '../../../fhicl/document.ts';
import type { FileStats } from '../../../files/file-signature.ts';
import { isWithoutLinks, namingFile, undefinedIfMissing } from '../../../system-error.ts';
import { privateDirectory } from '../database-directories.ts';
import { type DatabaseFiles, toleratingExistence } from '../database-files.ts';
import { IndexBytes } from '../index/index-bytes.ts';
import type { ScannedIndex } from '../index/index-gains.ts';
import { noLists, scanIndex, UnreadableIndexError } from '../index/index-scan.ts';

/** A program that has begun to write an index ends within this time. */
const READ_ATTEMPTS = 20;
const READ_PAUSE_MS = 100;
/** A writer that was about to open the old file has done so by then. */
const OPENING_MS = 2000;

/**
 * The files that our renames took an index's name from. A program that had opened one before writes on into it, where nobody
 * would ever read it. So each keeps a second name, which tells size and time of change of the content that the new index
 * was made from, until a later execution has looked at it once more.
 */
export class ReplacedIndexes {
  readonly #directory: string;
  readonly #prefix: string;
  readonly #files: DatabaseFiles;
  readonly #sleep: (milliseconds: number) => Promise<unknown>;

  constructor(
    database: string,
    collection: Collection,
    files: DatabaseFiles,
    sleep: (milliseconds: number) => Promise<unknown>,
  ) {
    this.#directory = privateDirectory(database);
    this.#prefix = `replaced-${collection}-`;
    this.#files = files;
    this.#sleep = sleep;
  }

  /**
   * Keeps an index that is going to be replaced.
   * @param stats of the content that the new one was made from
   */
  async keep(path: string, stats: FileStats): Promise<void> {
    try {
      await this.#files.link(path, this.#pathFor(stats));
    } catch (error) {
      // Without links, what a late writer writes is lost, and its document is reported as unlisted. The same content may have
      // been kept already, by an attempt that failed later on.
      if (!isWithoutLinks(error)) toleratingExistence(error);
    }
  }

  /** Has anybody written to one of them since it was looked at? */
  async haveChanged(): Promise<boolean> {
    for (const path of await this.#kept()) {
      const stats = await this.#stat(path);
      if (stats !== undefined && path !== this.#pathFor(stats)) return true;
    }
    return false;
  }

  /** What was written to them since they were looked at; 'torn' if a writer began and did not end within some seconds. */
  async *lateContents(): AsyncGenerator<ScannedIndex | 'torn'> {
    for (const path of await this.#kept()) {
      const stats = await this.#stat(path);
      if (stats === undefined || path === this.#pathFor(stats)) continue;
      const { content, seen } = await this.#readPatiently(path, stats);
      yield content ?? 'torn';
      // Only now, so that it is looked at again if what it gained could not be stored.
      await this.#files.rename(path, this.#pathFor(seen));
    }
  }

  /**
   * Removes all but the last.
   * @param othersWrite do programs without lock write to this database? Then those are kept that one may be about to open.
   */
  async trim(othersWrite: boolean): Promise<void> {
    const kept = await this.#kept();
    if (kept.length < 2) return;
    const times = new Map<string, number>();
    for (const path of kept) times.set(path, Number((await this.#stat(path))?.ctimeNs ?? 0n) / 1e6);
    const last = Math.max(...times.values());
    for (const [path, time] of times) {
      if (last - time > (othersWrite ? OPENING_MS : 0)) await this.#files.rm(path, { force: true });
    }
  }

  async #readPatiently(
    path: string,
    stats: FileStats,
  ): Promise<{ content: ScannedIndex | undefined; seen: FileStats }> {
    let seen = stats;
    for (let attempt = 1; attempt <= READ_ATTEMPTS; attempt++) {
      const bytes = await this.#files.readFile(path);
      const after = (await this.#stat(path)) ?? seen;
      const content = this.#pathFor(after) === this.#pathFor(seen) ? scanned(bytes) : undefined;
      seen = after;
      if (content !== undefined) return { content, seen };
      if (attempt < READ_ATTEMPTS) await this.#sleep(READ_PAUSE_MS);
    }
    return { content: undefined, seen };
  }

  async #kept(): Promise<string[]> {
    const names = (await this.#files.readdir(this.#directory).catch(undefinedIfMissing)) ?? [];
    return names.filter((name) => name.startsWith(this.#prefix)).map((name) => join(this.#directory, name));
  }

  #stat(path: string) {
    return this.#files.stat(path, { bigint: true }).catch(undefinedIfMissing);
  }

  #pathFor({ size, mtimeNs }: FileStats): string {
    return join(this.#directory, `${this.#prefix}${size}-${mtimeNs}`);
  }
}

function scanned(content: Buffer): ScannedIndex | undefined {
  try {
    const bytes = IndexBytes.of(content);
    return { bytes, layout: scanIndex(bytes, noLists) };
  } catch (error) {
    if (error instanceof UnreadableIndexError) return undefined;
    throw error;
  }
}

/**
 * The documents of other programs whose place in an index our renames nearly cost. A writer that had read the index before
 * they were listed again takes them out once more, so that this project goes on to answer for them as for its own.
 */
export class RescuedDocuments {
  readonly #path: string;
  readonly #files: DatabaseFiles;

  constructor(database: string, files: DatabaseFiles) {
    this.#path = join(privateDirectory(database), 'rescued');
    this.#files = files;
  }

  /** Their ids. */
  async ids(): Promise<ReadonlySet<string>> {
    const bytes = await this.#files.readFile(this.#path).catch(undefinedIfMissing);
    return new Set(bytes?.toString('latin1').split('\n').filter(Boolean));
  }

  /** To be called before they are listed again: a crash in between must not forget them. */
  async add(ids: readonly string[]): Promise<void> {
    const handle = await this.#files.open(this.#path, 'a');
    try {
      await handle.writeFile(ids.map((id) => `${id}\n`).join('')).catch(namingFile(this.#path));
    } finally {
      await handle.close();
    }
  }
}
