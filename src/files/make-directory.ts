import { lstatSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode } from '../system-error.ts';

/**
 * Makes a directory and those above it where they are missing. Node's own recursive way never returns on a file system that
 * answers "no such file" below an existing directory (/proc, some automounters).
 * @throws the system's error.
 */
export function makeDirectory(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    // A read-only file system or an automounter may refuse before it looks if the directory is there.
    if (isDirectory(path)) return;
    const code = errorCode(error);
    if (code === 'EEXIST' && lstatSync(path, { throwIfNoEntry: false }) === undefined) {
      makeDirectory(path); // Somebody took it away in that moment.
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
