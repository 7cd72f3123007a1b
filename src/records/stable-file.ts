import type { BigIntStats } from 'node:fs';
import { RunRecordError } from '../errors.ts';
import { signatureOf } from '../files/file-signature.ts';
import { type OpenEntry, pooledCalls, type RecordCalls } from './record-calls.ts';

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
export async function readStable(
  path: string,
  admit: (size: number) => void,
  calls: Pick<RecordCalls, 'open'> = pooledCalls,
): Promise<StableFile> {
  const file = await calls.open(path);
  try {
    const before = await file.stats();
    if (!before.isFile()) throw new RunRecordError('is not a regular file');
    const size = Number(before.size);
    admit(size);
    const bytes = await readUpTo(file, size + 1);
    const state = stateOf(await file.stats());
    if (bytes.length !== size || state.signature !== signatureOf(before)) {
      throw new RunRecordError('changed while it was read (is it still being copied?)', {
        retryable: true,
        fault: 'unknown',
      });
    }
    return { bytes, state };
  } finally {
    await file.close();
  }
}

/** The memory belongs to this file alone, so that it can go to another thread. */
async function readUpTo(file: OpenEntry, limit: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(limit);
  let length = 0;
  while (length < limit) {
    const count = await file.read(buffer, length);
    length += count;
    // One byte before the limit is the end of a file that did not grow.
    if (count === 0 || length === limit - 1) break;
  }
  return buffer.subarray(0, length);
}
