import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { signatureOf } from '../../../files/file-signature.ts';
import { namingFile, undefinedIfMissing } from '../../../system-error.ts';
import type { DatabaseFiles } from '../database-files.ts';
import { IndexBytes } from './index-bytes.ts';
import { EMPTY_INDEX, FRESH_INDEX } from './index-entry.ts';
import { UnreadableIndexError } from './index-scan.ts';

/** An open index.json whose bytes are read when they are needed. */
export class OpenIndex {
  /** Identifies the state of the file when it was opened. */
  readonly signature: string;
  readonly #length: number;
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #files: DatabaseFiles;

  /**
   * Opens a file; undefined if there is none.
   * @throws the system's error
   */
  static async at(path: string, files: DatabaseFiles): Promise<OpenIndex | undefined> {
    const handle = await files.open(path, 'r').catch(undefinedIfMissing);
    if (handle === undefined) return undefined;
    try {
      return new OpenIndex(await statOf(handle, path), handle, path, files);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  private constructor(stats: BigIntStats, handle: FileHandle, path: string, files: DatabaseFiles) {
    this.signature = signatureOf(stats);
    this.#length = Number(stats.size);
    this.#handle = handle;
    this.#path = path;
    this.#files = files;
  }

  /**
   * The bytes of the file. If it is cut off, reading gives an UnreadableIndexError.
   * @param windowBytes how much to keep in memory
   */
  bytes(windowBytes?: number): IndexBytes {
    const fill = (into: Buffer, place: number): void =>
      readWhole(into, place, this.#handle, this.#path, this.#files);
    const bytes = new IndexBytes(this.#length, fill, windowBytes);
    return isFresh(bytes) ? emptyIndex() : bytes;
  }

  /** Is the file still as it was when it was opened? */
  async isUnchanged(): Promise<boolean> {
    return signatureOf(await statOf(this.#handle, this.#path)) === this.signature;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** An index that lists nothing, in the layout that changes go into. */
export function emptyIndex(): IndexBytes {
  return IndexBytes.of(Buffer.from(EMPTY_INDEX));
}

/** The error for a file that changes while it is read. */
export function beingWritten(): UnreadableIndexError {
  return new UnreadableIndexError('it is being written');
}

function isFresh(bytes: IndexBytes): boolean {
  return bytes.length === FRESH_INDEX.length && bytes.text(0, bytes.length) === FRESH_INDEX;
}

function statOf(handle: FileHandle, path: string): Promise<BigIntStats> {
  return handle.stat({ bigint: true }).catch(namingFile(path));
}

/** Synchronously: with promises, the whole scan would have to be asynchronous. */
function readWhole(
  into: Buffer,
  place: number,
  handle: FileHandle,
  path: string,
  files: DatabaseFiles,
): void {
  try {
    if (files.readSync(handle.fd, into, 0, into.length, place) === into.length) return;
  } catch (error) {
    namingFile(path)(error);
  }
  throw beingWritten();
}
