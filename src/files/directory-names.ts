import * as nodeFiles from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { undefinedIfMissing } from '../system-error.ts';

/** Names that are read from a directory at once, and until somebody else gets a turn. */
const NAMES_AT_ONCE = 256;
const NAMES_IN_A_ROW = 4096;

/**
 * Calls back for the name of each entry of a directory; for none if it isn't there. A directory may have a quarter of a
 * million: a promise for each takes too long, and all at once too much memory.
 * @throws the system's error
 */
export async function eachName(
  directory: string,
  take: (name: string) => void,
  files: Pick<typeof nodeFiles, 'opendir'> = nodeFiles,
): Promise<void> {
  const opened = await files.opendir(directory, { bufferSize: NAMES_AT_ONCE }).catch(undefinedIfMissing);
  if (opened === undefined) return;
  try {
    for (let count = 1; ; count++) {
      const entry = opened.readSync();
      if (entry === null) return;
      take(entry.name);
      if (count % NAMES_IN_A_ROW === 0) await setImmediate();
    }
  } finally {
    await opened.close();
  }
}
