import { type BigIntStats, constants, fstat, read } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { RunRecordError } from '../errors.ts';
import { signatureOf } from '../files/file-signature.ts';

/** What shows whether a file or directory changed. */
export interface FileState {
  /** In bytes; undefined for what is not a regular file or can't be looked at. */
  readonly size: number | undefined;
  /** Differs after the file was changed or replaced. */
  readonly signature: string;
  /** Its latest change, in milliseconds since 1970; Infinity for what vanishes just now. */
  readonly change: number;
}

/** A file that did not change while it was read. */
export interface StableFile {
  readonly bytes: Buffer;
  /** After it was read. */
  readonly state: FileState;
}

/**
 * Opens a file or directory, without following a link at the end of the path or waiting for the other end of a FIFO.
 * @throws the system's error
 */
export function openToRead(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
}

// A record has many files, and these take half the time that the methods of a handle take.
const [fstatOf, readFrom] = [promisify(fstat), promisify(read)];

/**
 * Asks about an open file.
 * @throws the system's error
 */
export function statsOf({ fd }: FileHandle): Promise<BigIntStats> {
  return fstatOf(fd, { bigint: true });
}

/** What the system's answer about a file says of its state. */
export function stateOf(stats: BigIntStats): FileState {
  return {
    size: stats.isFile() ? Number(stats.size) : undefined,
    signature: signatureOf(stats),
    change: Math.max(...[stats.mtimeNs, stats.ctimeNs].map((time) => Number(time / 1_000_000n))),
  };
}

/**
 * Reads a regular file whole.
 * @param admit called with the size in bytes before memory is taken; may throw
 * @throws RunRecordError if it is no regular file or changes while it is read; the system's error if it can't be read
 */
export async function readStable(path: string, admit: (size: number) => void): Promise<StableFile> {
  const handle = await openToRead(path);
  try {
    const before = await statsOf(handle);
    if (!before.isFile()) throw new RunRecordError('is not a regular file');
    const size = Number(before.size);
    admit(size);
    const bytes = await readUpTo(handle, size + 1);
    const state = stateOf(await statsOf(handle));
    if (bytes.length !== size || state.signature !== signatureOf(before)) {
      throw new RunRecordError('changed while it was read (is it still being copied?)', {
        retryable: true,
        fault: 'unknown',
      });
    }
    return { bytes, state };
  } finally {
    await handle.close();
  }
}

async function readUpTo({ fd }: FileHandle, limit: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(limit);
  let length = 0;
  while (length < limit) {
    const { bytesRead } = await readFrom(fd, buffer, length, limit - length, length);
    length += bytesRead;
    // One byte before the limit is the end of a file that did not grow.
    if (bytesRead === 0 || length === limit - 1) break;
  }
  return buffer.subarray(0, length);
}
