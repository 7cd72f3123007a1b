import { realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { RunRecordError } from '../errors.ts';
import { undefinedIfMissing } from '../system-error.ts';
import type { RecordGlance } from './run-record-source.ts';
import { type Settling, settled } from './settling.ts';
import { lastChangeOf, readStable } from './stable-file.ts';

/** What tells of the times of a run. */
export const METADATA_FILE = 'metadata.txt';

/**
 * Looks at a run directory. A `metadata.txt` to which something is just being written is waited for: half a time would be
 * taken for a whole one.
 * @param root its real path
 * @param admit called with the size in bytes before memory is taken; may throw
 * @throws RunRecordError, or the system's error
 */
export async function glanceAt(
  root: string,
  settling: Settling,
  admit: (size: number) => void,
): Promise<RecordGlance> {
  const directoryChange = await lastChangeOf(root);
  const path = await realpath(join(root, METADATA_FILE)).catch(undefinedIfMissing);
  if (path === undefined) return { metadata: undefined, lastChange: directoryChange };
  if (!path.startsWith(root + sep))
    throw new RunRecordError('is a symbolic link that leads out of the run directory');
  const fileChange = await settled(async () => {
    const lastChange = await lastChangeOf(path);
    return { found: lastChange, lastChange };
  }, settling);
  if (fileChange === undefined) {
    throw new RunRecordError('is being modified', { retryable: true, fault: 'unknown' });
  }
  const { bytes } = await readStable(path, admit);
  return { metadata: bytes, lastChange: Math.max(directoryChange, fileChange) };
}
