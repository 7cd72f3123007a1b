import { lstatSync, mkdirSync, statSync } from 'node:fs';
import * as nodeFiles from 'node:fs/promises';
import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { errorCode, undefinedIfMissing } from '../system-error.ts';

/** How many names are read from a directory at once, and how many until somebody else gets a turn. */
const NAMES_AT_ONCE = 256;
const NAMES_IN_A_ROW = 4096;

/**
 * Calls back with the name of each entry of a directory; a missing directory has none. There may be a quarter of a million:
 * a promise for each takes too long, and all at once too much memory.
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

/**
 * Makes a directory, and those above it that are missing. Node's own recursive call never returns on a file system that answers
 * "no such file" below an existing directory (/proc, some automounters).
 * @throws the system's error.
 */
export function makeDirectory(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    // A read-only file system or an automounter may refuse before it looks whether the directory exists.
    if (isDirectory(path)) return;
    const code = errorCode(error);
    if (code === 'EEXIST' && lstatSync(path, { throwIfNoEntry: false }) === undefined) {
      makeDirectory(path); // Somebody removed it in that moment.
      return;
    }
    const parent = dirname(path);
    if (code !== 'ENOENT' || isDirectory(parent)) throw error;
    makeDirectory(parent);
    makeDirectory(path);
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
