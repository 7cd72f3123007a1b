import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { ArtdaqDbError } from '../../../errors.ts';
import type { ArchivedFile } from './remote-tar.ts';

/**
 * All files below a directory, in order of path.
 * @throws ArtdaqDbError if something there is neither file nor directory
 */
export async function readFiles(directory: string): Promise<ArchivedFile[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files: ArchivedFile[] = [];
  for (const entry of entries) {
    if (entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile()) throw new ArtdaqDbError(`'${path}' is not a regular file, so it can't be sent`);
    files.push({ path: relative(directory, path).split(sep).join('/'), bytes: await readFile(path) });
  }
  return files.sort((one, other) => (one.path < other.path ? -1 : 1));
}

/** Writes files below an empty directory that nobody else writes to; their paths lead to nowhere else. */
export async function writeFiles(directory: string, files: readonly ArchivedFile[]): Promise<void> {
  for (const { path, bytes } of files) {
    const target = join(directory, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, bytes, { flag: 'wx' });
  }
}
