import { realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { RunRecordError } from '../errors.ts';
import { undefinedIfMissing } from '../system-error.ts';
import type { RecordGlance } from './run-record-source.ts';
import { readStable } from './stable-file.ts';

/** What tells of the times of a run. */
export const METADATA_FILE = 'metadata.txt';

/**
 * Looks at a run directory's `metadata.txt`.
 * @param root its real path
 * @param admit called with the size in bytes before memory is taken; may throw
 * @throws RunRecordError, or the system's error
 */
export async function glanceAt(root: string, admit: (size: number) => void): Promise<RecordGlance> {
  const directory = await stat(root);
  const path = await realpath(join(root, METADATA_FILE)).catch(undefinedIfMissing);
  if (path === undefined) {
    return { metadata: undefined, signature: '', modified: directory.mtimeMs, changed: directory.ctimeMs };
  }
  if (!path.startsWith(root + sep)) {
    throw new RunRecordError('is a symbolic link that leads out of the run directory');
  }
  const { bytes, signature } = await readStable(path, admit);
  const file = await stat(path);
  return {
    metadata: bytes,
    signature,
    modified: Math.max(directory.mtimeMs, file.mtimeMs),
    changed: Math.max(directory.ctimeMs, file.ctimeMs),
  };
}
