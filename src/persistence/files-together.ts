import { rmSync } from 'node:fs';
import { chmod, chown, constants, copyFile, link, mkdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { messageOf, PersistenceError } from '../errors.ts';
import { isWithoutLinks, undefinedIfMissing } from '../system-error.ts';
import { syncDirectory, temporaryName, writeFileAtomic } from './atomic-file.ts';
import { makeDirectory } from './make-directory.ts';

/** A file that belongs into the directory. */
export interface NamedText {
  /** Without any directory. */
  readonly name: string;
  readonly text: string;
}

/** How files are written together. */
export interface WriteTogetherOptions {
  /** Once it aborts nothing is written any more, unless all is complete but for the name. */
  readonly stop: AbortSignal;
  /** Do they take the place of files of the same name? Otherwise one that is there is an error. */
  readonly replace: boolean;
}

/**
 * Writes files into a directory, all or none of them. They are written into a temporary directory first: one beside a
 * directory that is still to be made, which then gets its name, or one inside a directory that is there, from which the files are
 * moved. However this process ends by itself, the temporary directory is removed.
 * @returns false if it was stopped
 * @throws PersistenceError if that fails, saying what is in place nevertheless
 */
export async function writeFilesTogether(
  path: string,
  files: readonly NamedText[],
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
      for (const { name, text } of files) {
        if (stop.aborted) return false;
        await writeFileAtomic(join(temporary, name), text, { syncDirectory: false });
      }
      await syncDirectory(temporary);
      if (!isThere) await rename(temporary, directory);
      else if (!replace) await addFiles(names, temporary, directory);
      else
        for (; placed < names.length; placed++) await replaceFile(names[placed] ?? '', temporary, directory);
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

/** Moves a file over another one, whose permissions and, as far as we may, owner it gets. */
async function replaceFile(name: string, source: string, target: string): Promise<void> {
  const [from, to] = [join(source, name), join(target, name)];
  const replaced = await stat(to).catch(undefinedIfMissing);
  if (replaced !== undefined) {
    if (process.getuid?.() === 0) await chown(from, replaced.uid, replaced.gid);
    await chmod(from, replaced.mode & 0o7777);
  }
  await rename(from, to);
}

/** Gives files names in another directory, all or none. */
async function addFiles(names: readonly string[], source: string, target: string): Promise<void> {
  const added: string[] = [];
  try {
    for (const name of names) {
      await addFile(join(source, name), join(target, name));
      added.push(join(target, name));
    }
  } catch (error) {
    for (const path of added) await rm(path);
    throw error;
  }
}

/** Unlike a rename, a link never takes the place of what somebody else put there meanwhile. */
async function addFile(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!isWithoutLinks(error)) throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL);
  }
}
