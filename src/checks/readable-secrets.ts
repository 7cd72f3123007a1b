import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { looking, undefinedIfAbsent } from '../files/directory-access.ts';

const OTHERS_READ = 0o004;
const OTHERS_ENTER = 0o001;

/**
 * Warns of a file that holds a secret and that every account of this machine can read.
 * @param path of the file; what is no regular file, or is missing, is not looked at
 * @param secrets of the configuration
 * @throws ConfigurationError if it can't be looked at
 */
export async function readableSecrets(path: string, secrets: readonly string[]): Promise<string[]> {
  const isRead = await looking(`${path} can't be looked at`, () => mayOthersRead(path));
  if (!isRead) return [];
  const text = await looking(`${path} can't be read`, () => readFile(path, 'utf8'));
  if (!secrets.some((secret) => text.includes(secret))) return [];
  return ['it holds a password or token, and every account of this machine can read it: chmod o-r it'];
}

/** Others also need the right to enter each directory above the file. */
async function mayOthersRead(path: string): Promise<boolean> {
  const stats = await stat(path).catch(undefinedIfAbsent);
  if (stats?.isFile() !== true || (stats.mode & OTHERS_READ) === 0) return false;
  let place = await realpath(path);
  while (place !== dirname(place)) {
    place = dirname(place);
    if (((await stat(place)).mode & OTHERS_ENTER) === 0) return false;
  }
  return true;
}
