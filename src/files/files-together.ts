import { rmSync } from 'node:fs';
import { chmod, chown, constants, copyFile, link, mkdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { messageOf, PersistenceError } from '../errors.ts';
import { isWithoutLinks, undefinedIfMissing } from '../system-error.ts';
import { syncDirectory, temporaryName, writeFileAtomic } from './atomic-file.ts';
import { makeDirectory } from './directories.ts';
import { directoriesOf } from './parent-directories.ts';

/** A file for the directory. */
export interface NamedContent {
  /** A name, or a path in that directory, such as `sub/a.fcl`. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** How files are written together. */
export interface WriteTogetherOptions {
  /** Once aborted, nothing more is written, unless only the last renaming is missing. */
  readonly stop: AbortSignal;
  /** Replace files of the same name? Otherwise such a file is an error. */
  readonly replace: boolean;
}

/**
 * Writes files into a directory, all or none of them. They go into a temporary directory first: for a new directory one beside
 * it, which then gets its name; for an existing directory one inside it, from which the files are moved. Unless this process is
 * killed, the temporary directory is removed.
 * @returns false if it was stopped
 * @throws PersistenceError if that fails, saying which files are in place nevertheless
 */
export async function writeFilesTogether(
  path: string,
  files: readonly NamedContent[],
  { stop, replace }: WriteTogetherOptions,
): Promise<boolean> {
  const directory = resolve(path);
  const names = files.map(({ name }) => name);
  let placed = 0;
  let removeAtExit = (): void => undefined;
  try {
    const isThere = (await stat(directory).catch(undefinedIfMissing)) !== undefined;
    const temporary = isThere
      ? join(directory, temporaryName('files'))
      : join(dirname(directory), temporaryName(basename(directory)));
    // A write that is still under way may add a file meanwhile.
    removeAtExit = () => rmSync(temporary, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
    process.on('exit', removeAtExit);
    makeDirectory(dirname(temporary));
    await mkdir(temporary);
    try {
      const subdirectories: string[] = [];
      await makeSubdirectories(names, temporary, subdirectories);
      for (const { name, bytes } of files) {
        if (stop.aborted) return false;
        await writeFileAtomic(join(temporary, name), bytes, { syncDirectory: false });
      }
      for (const subdirectory of [...subdirectories, temporary]) await syncDirectory(subdirectory);
      if (!isThere) await rename(temporary, directory);
      else if (!replace) await addFiles(names, temporary, directory);
      else {
        const made: string[] = [];
        await makeSubdirectories(names, directory, made);
        for (; placed < names.length; placed++) await replaceFile(names[placed] ?? '', temporary, directory);
        for (const subdirectory of made) await syncDirectory(subdirectory);
      }
      placed = names.length;
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
    await syncDirectory(isThere ? directory : dirname(directory));
    return true;
  } catch (error) {
    const extent =
      placed === 0 ? 'nothing was written' : `only ${placed} of ${files.length} files are in place`;
    throw new PersistenceError(`${extent}: ${messageOf(error)}`, { cause: error });
  } finally {
    process.off('exit', removeAtExit);
  }
}

/** Moves a file over another one, and gives it the other's permissions and, as far as we may, owner. */
async function replaceFile(name: string, source: string, target: string): Promise<void> {
  const [from, to] = [join(source, name), join(target, name)];
  const replaced = await stat(to).catch(undefinedIfMissing);
  if (replaced !== undefined) {
    if (process.getuid?.() === 0) await chown(from, replaced.uid, replaced.gid);
    await chmod(from, replaced.mode & 0o7777);
  }
  await rename(from, to);
}

/** Gives all files their names in another directory, or none of them. */
async function addFiles(names: readonly string[], source: string, target: string): Promise<void> {
  const added: string[] = [];
  const made: string[] = [];
  try {
    await makeSubdirectories(names, target, made);
    for (const name of names) {
      await addFile(join(source, name), join(target, name));
      added.push(join(target, name));
    }
    for (const subdirectory of made) await syncDirectory(subdirectory);
  } catch (error) {
    for (const path of added) await rm(path);
    for (const path of made.reverse()) await rmdir(path);
    throw error;
  }
}

/**
 * Makes the directories of names below a directory, where they are missing.
 * @param made receives those that were made, outermost first
 */
async function makeSubdirectories(
  names: readonly string[],
  directory: string,
  made: string[],
): Promise<void> {
  for (const subdirectory of new Set(names.flatMap(directoriesOf))) {
    const path = join(directory, subdirectory);
    if ((await stat(path).catch(undefinedIfMissing)) !== undefined) continue;
    await mkdir(path);
    made.push(path);
  }
}

/** Unlike a rename, a link never replaces what somebody else put there meanwhile. */
async function addFile(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!isWithoutLinks(error)) throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL);
  }
}
