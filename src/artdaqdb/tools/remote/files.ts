import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { ArtdaqDbError } from '../../../errors.ts';
import type { ArchivedFile, ArchivedTree } from './tar.ts';

/**
 * All directories and files below a directory, in order of path.
 * @throws ArtdaqDbError if something there is neither file nor directory
 */
export async function readTree(directory: string): Promise<ArchivedTree> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const directories: string[] = [];
  const files: ArchivedFile[] = [];
  for (const entry of entries) {
    const place = join(entry.parentPath, entry.name);
    const path = relative(directory, place).split(sep).join('/');
    if (entry.isDirectory()) directories.push(path);
    else if (entry.isFile()) files.push({ path, bytes: await readFile(place) });
    else throw new ArtdaqDbError(`'${place}' is not a regular file, so it can't be sent`);
  }
  files.sort((one, other) => (one.path < other.path ? -1 : 1));
  return { directories: directories.sort(), files };
}

/** Writes files below an empty directory that nobody else writes to; their paths lead to nowhere else. */
export async function writeFiles(directory: string, files: readonly ArchivedFile[]): Promise<void> {
  for (const { path, bytes } of files) {
    const target = join(directory, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, bytes, { flag: 'wx' });
  }
}
