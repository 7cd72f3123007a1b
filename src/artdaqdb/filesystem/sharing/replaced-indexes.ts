import { join } from 'node:path';
import type { Collection } from '../../../fhicl/document.ts';
import type { FileStats } from '../../../files/file-signature.ts';
import { isWithoutLinks, undefinedIfMissing } from '../../../system-error.ts';
import { privateDirectory } from '../database-directories.ts';
import { type DatabaseFiles, toleratingExistence } from '../database-files.ts';
import { IndexBytes } from '../index/index-bytes.ts';
import type { ScannedIndex } from '../index/index-gains.ts';
import { noLists } from '../index/index-layout.ts';
import { scanIndex, UnreadableIndexError } from '../index/index-scan.ts';

/** A program that has begun to write an index ends within this time. */
const READ_ATTEMPTS = 20;
const READ_PAUSE_MS = 100;
/** A writer that was about to open the old file has done so by then. */
const OPENING_MS = 2000;

/**
 * The files that our renames took an index's name from. A program that had opened one before continues to write into it,
 * where nobody would ever read it. So each keeps a second name, `replaced-<collection>-<size>-<time>`, which tells the content
 * that the new index was made from, until a later execution has looked at the file once more.
 */
export class ReplacedIndexes {
  readonly #directory: string;
  readonly #files: DatabaseFiles;
  readonly #sleep: (milliseconds: number) => Promise<unknown>;

  constructor(database: string, files: DatabaseFiles, sleep: (milliseconds: number) => Promise<unknown>) {
    this.#directory = privateDirectory(database);
    this.#files = files;
    this.#sleep = sleep;
  }

  /**
   * Keeps the index of a collection that is going to be replaced.
   * @param stats of the content that the new one was made from
   */
  async keep(collection: Collection, path: string, stats: FileStats): Promise<void> {
    try {
      await this.#files.link(path, this.#pathFor(collection, stats));
    } catch (error) {
      // Without links, what a late writer writes is lost, and its document is reported as unlisted. An attempt that failed
      // later on may have kept the same content already.
      if (!isWithoutLinks(error)) toleratingExistence(error);
    }
  }

  /** Has anybody written to one of them since it was looked at? */
  async haveChanged(): Promise<boolean> {
    for (const path of await this.#kept()) {
      const stats = await this.#stat(path);
      if (stats !== undefined && !path.endsWith(stateName(stats))) return true;
    }
    return false;
  }

  /**
   * What was written to those of a collection since they were looked at; 'torn' if a writer began and did not finish within
   * some seconds.
   */
  async *lateContents(collection: Collection): AsyncGenerator<ScannedIndex | 'torn'> {
    for (const path of await this.#kept(collection)) {
      const stats = await this.#stat(path);
      if (stats === undefined || path.endsWith(stateName(stats))) continue;
      const { content, seen } = await this.#readPatiently(path, stats);
      yield content ?? 'torn';
      // Only now, so that it is looked at again if its gains could not be stored.
      await this.#files.rename(path, this.#pathFor(collection, seen));
    }
  }

  /**
   * Removes all but the last of a collection.
   * @param othersWrite do programs without lock write to this database? Then those stay that one may be about to open.
   */
  async trim(collection: Collection, othersWrite: boolean): Promise<void> {
    const kept = await this.#kept(collection);
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
      const content = stateName(after) === stateName(seen) ? scanned(bytes) : undefined;
      seen = after;
      if (content !== undefined) return { content, seen };
      if (attempt < READ_ATTEMPTS) await this.#sleep(READ_PAUSE_MS);
    }
    return { content: undefined, seen };
  }

  async #kept(collection?: Collection): Promise<string[]> {
    const prefix = collection === undefined ? 'replaced-' : `replaced-${collection}-`;
    const names = (await this.#files.readdir(this.#directory).catch(undefinedIfMissing)) ?? [];
    return names.filter((name) => name.startsWith(prefix)).map((name) => join(this.#directory, name));
  }

  #stat(path: string) {
    return this.#files.stat(path, { bigint: true }).catch(undefinedIfMissing);
  }

  #pathFor(collection: Collection, stats: FileStats): string {
    return join(this.#directory, `replaced-${collection}${stateName(stats)}`);
  }
}

/** The end of a file's name while its content is the one that was looked at. */
function stateName({ size, mtimeNs }: FileStats): string {
  return `-${size}-${mtimeNs}`;
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
