import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { RunRecordError } from '../errors.ts';
import { signatureOf } from '../files/file-signature.ts';

/** A file that did not change while it was read. */
export interface StableFile {
  readonly bytes: Buffer;
  /** Differs after the file was changed or replaced. */
  readonly signature: string;
}

/**
 * Opens a file or directory, without following a link at the end of the path or waiting for the other end of a FIFO.
 * @throws the system's error
 */
export function openToRead(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
}

/**
 * Reads a regular file whole.
 * @param admit called with the size in bytes before memory is taken; may throw
 * @throws RunRecordError if it is no regular file or changes while it is read; the system's error if it can't be read
 */
export async function readStable(path: string, admit: (size: number) => void): Promise<StableFile> {
  const handle = await openToRead(path);
  try {
    const before = await handle.stat({ bigint: true });
    if (!before.isFile()) throw new RunRecordError('is not a regular file');
    const size = Number(before.size);
    admit(size);
    const bytes = await readUpTo(handle, size + 1);
    const signature = signatureOf(before);
    const after = signatureOf(await handle.stat({ bigint: true }));
    if (bytes.length !== size || after !== signature) {
      throw new RunRecordError('changed while it was read (is it still being copied?)', {
        retryable: true,
        fault: 'unknown',
      });
    }
    return { bytes, signature };
  } finally {
    await handle.close();
  }
}

async function readUpTo(handle: FileHandle, limit: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(limit);
  let length = 0;
  while (length < limit) {
    const { bytesRead } = await handle.read(buffer, length, limit - length, length);
    length += bytesRead;
    // One byte before the limit is the end of a file that did not grow.
    if (bytesRead === 0 || length === limit - 1) break;
  }
  return buffer.subarray(0, length);
}
