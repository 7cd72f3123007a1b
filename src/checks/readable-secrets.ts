import { readFile, stat } from 'node:fs/promises';
import { looking, undefinedIfAbsent } from '../files/directory-access.ts';
import { canOthersRead } from '../files/others-read.ts';

/**
 * Warns of a file that holds a secret and that every account of this machine can read.
 * @param path of the file; what is no regular file, or is missing, is not looked at
 * @param secrets of the configuration
 * @throws ConfigurationError if it can't be looked at
 */
export async function readableSecrets(path: string, secrets: readonly string[]): Promise<string[]> {
  const stats = await looking(`${path} can't be looked at`, () => stat(path).catch(undefinedIfAbsent));
  if (stats?.isFile() !== true || !canOthersRead(path)) return [];
  const text = await looking(`${path} can't be read`, () => readFile(path, 'utf8'));
  if (!secrets.some((secret) => text.includes(secret))) return [];
  return ['it holds a password or token, and every account of this machine can read it: chmod o-r it'];
}
