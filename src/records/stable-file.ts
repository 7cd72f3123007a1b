import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { RunRecordError } from '../errors.ts';
import { signatureOf } from '../file-signature.ts';
import { errorCode } from '../system-error.ts';

/** A file as it was for the whole time in which it was read. */
export interface StableFile {
  readonly bytes: Buffer;
  /** Changes when the file does; compare with {@link signatureAt}. */
  readonly signature: string;
}

/** No symbolic link as the last part of the path, and no waiting for the other end of a FIFO. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Reads a regular file whole.
 * @param admit called with the size in bytes before memory is taken; may throw
 * @throws RunRecordError if it is no regular file or changes while it is read; the system's error if it can't be read
 */
export async function readStable(path: string, admit: (size: number) => void): Promise<StableFile> {
  const handle = await open(path, FLAGS);
  try {
    const before = await handle.stat({ bigint: true });
    if (!before.isFile()) throw new RunRecordError('is not a regular file');
    const size = Number(before.size);
    admit(size);
    const bytes = await readUpTo(handle, size + 1);
    const signature = signatureOf(before);
    const after = signatureOf(await handle.stat({ bigint: true }));
    if (bytes.length !== size || after !== signature) throw changed();
    return { bytes, signature };
  } finally {
    await handle.close();
  }
}

/** The signature of the file that is at `path` now. */
export async function signatureAt(path: string): Promise<string> {
  return signatureOf(await stat(path, { bigint: true }));
}

/**
 * When a file or directory was modified last, in milliseconds since 1970. 0 if the system doesn't say: reading it will say
 * why.
 */
export async function lastChangeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return 0;
  }
}

/** The error for a file that is not the same before and after. */
export function changed(): RunRecordError {
  return new RunRecordError('changed while it was read (is it still being copied?)', {
    retryable: true,
    fault: 'unknown',
  });
}

async function readUpTo(handle: FileHandle, limit: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(limit);
  let length = 0;
  while (length < limit) {
    const { bytesRead } = await handle.read(buffer, length, limit - length, length);
    length += bytesRead;
    // A short read that ends one byte before the limit is the expected end of a file that did not grow.
    if (bytesRead === 0 || length === limit - 1) break;
  }
  return buffer.subarray(0, length);
}
