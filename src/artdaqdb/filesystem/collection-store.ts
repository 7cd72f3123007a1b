import { join } from 'node:path';
import pLimit from 'p-limit';
import { ArtdaqDbError, messageOf } from '../../errors.ts';
import type { Collection } from '../../fhicl/document.ts';
import { syncDirectory, writeFileAtomic } from '../../files/atomic-file.ts';
import { eachName } from '../../files/directories.ts';
import { isOfSite, undefinedIfMissing } from '../../system-error.ts';
import {
  type ExportedDocument,
  exportedDocument,
  type StoredDocument,
  storedDocument,
} from '../stored-document.ts';
import { asDatabaseError, type DatabaseFiles } from './database-files.ts';
import { IndexFile } from './index/index-file.ts';
import { IndexReader } from './index/index-reader.ts';

/** Files that are written or read at the same time. */
const CONCURRENCY = 8;
/** Most documents are smaller. */
const MEMORY_BYTES = 256 * 1024;

/** A document to write. */
export interface FileToWrite {
  readonly id: string;
  readonly bytes: Buffer;
  /** Is it known that there is none of that id yet? */
  readonly isNew: boolean;
}

/** The directory of one collection, with its documents and their index. */
export class CollectionStore {
  readonly name: Collection;
  readonly directory: string;
  readonly index: IndexFile;
  readonly reader: IndexReader;
  readonly #files: DatabaseFiles;
  readonly #limit = pLimit(CONCURRENCY);
  /** What documents are read into for exports: new memory for each would cost as much as reading it. */
  readonly #memory: Buffer[] = [];

  constructor(
    database: string,
    name: Collection,
    files: DatabaseFiles,
    sleep: (milliseconds: number) => Promise<unknown>,
  ) {
    this.name = name;
    this.directory = join(database, name);
    this.index = new IndexFile(this.directory, files, sleep);
    this.reader = new IndexReader(this.index);
    this.#files = files;
  }

  /** The file of a document. */
  pathOf(id: string): string {
    return join(this.directory, `${id}.json`);
  }

  /**
   * Reads documents, in the order of the ids.
   * @param take what to keep of each: a run's documents together are large
   * @throws ArtdaqDbError naming the first that is missing or unreadable
   */
  async read<Kept>(ids: readonly string[], take: (document: StoredDocument) => Kept): Promise<Kept[]> {
    return this.#each(ids, async (id) => {
      const document = await this.readIfPresent(id);
      return document && take(document);
    });
  }

  /**
   * Reads documents for an export, in the order of the ids.
   * @throws ArtdaqDbError naming the first that is missing or unreadable
   */
  async exported(ids: readonly string[]): Promise<ExportedDocument[]> {
    return this.#each(ids, async (id) => {
      const memory = this.#memory.pop() ?? Buffer.allocUnsafeSlow(MEMORY_BYTES);
      const document = await this.#readAs(exportedDocument, id, memory);
      this.#memory.push(memory);
      return document;
    });
  }

  async #each<T>(ids: readonly string[], read: (id: string) => Promise<T | undefined>): Promise<T[]> {
    const documents = await this.#limit.map(ids, read);
    return documents.map((document, place) => {
      if (document !== undefined) return document;
      const path = this.pathOf(ids[place] ?? '');
      throw new ArtdaqDbError(`${path} is missing although ${this.index.path} lists it; restore the file`);
    });
  }

  /** Reads a document; undefined if there is none of that id. */
  readIfPresent(id: string): Promise<StoredDocument | undefined> {
    return this.#readAs(storedDocument, id);
  }

  async #readAs<T>(
    make: (path: string, id: string, bytes: Buffer) => T,
    id: string,
    memory?: Buffer,
  ): Promise<T | undefined> {
    const path = this.pathOf(id);
    try {
      const bytes = await this.#files.readFile(path, memory).catch(undefinedIfMissing);
      return bytes && make(path, id, bytes);
    } catch (error) {
      throw asDatabaseError(error, `Cannot read ${path}`, { fault: isOfSite(error) ? 'site' : 'unknown' });
    }
  }

  /** Calls back for the name of each file in the directory. */
  eachName(take: (name: string) => void): Promise<void> {
    return eachName(this.directory, take, this.#files);
  }

  /** A document as it lies on disk, and when it was written; undefined if there is none of that id. */
  async fileOf(id: string): Promise<{ readonly bytes: Buffer; readonly writtenMs: number } | undefined> {
    const path = this.pathOf(id);
    const stats = await this.#files.stat(path).catch(undefinedIfMissing);
    const bytes = stats && (await this.#files.readFile(path).catch(undefinedIfMissing));
    return bytes && { bytes, writtenMs: stats.mtimeMs };
  }

  async has(id: string): Promise<boolean> {
    return (await this.#files.stat(this.pathOf(id)).catch(undefinedIfMissing)) !== undefined;
  }

  /**
   * Writes documents durably, except for their names: {@link sync} makes all names durable at once. Several documents are on
   * their way at a time, so that the disk takes some while others wait for it.
   */
  async write(documents: readonly FileToWrite[]): Promise<void> {
    const writing = documents.map(({ id, bytes, isNew }) =>
      this.#limit(() =>
        writeFileAtomic(this.pathOf(id), bytes, {
          files: this.#files,
          syncDirectory: false,
          followLinks: false,
          isNew,
        }),
      ),
    );
    // All writes must have ended before anybody cleans up.
    const failed = (await Promise.allSettled(writing)).find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** Makes the names of the documents written durable. */
  async sync(): Promise<void> {
    await syncDirectory(this.directory, this.#files);
  }

  /**
   * Removes documents that no index lists; reports those that can't be removed.
   * @returns whether all are gone
   */
  async remove(ids: readonly string[], report: (message: string) => void): Promise<boolean> {
    let isComplete = true;
    for (const id of ids) {
      const path = this.pathOf(id);
      try {
        await this.#files.rm(path, { force: true });
      } catch (error) {
        isComplete = false;
        report(`${path}, which no index lists, could not be removed: ${messageOf(error)}`);
      }
    }
    return isComplete;
  }
}
