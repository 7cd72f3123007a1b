import { rmSync } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { messageOf, PersistenceError } from '../errors.ts';
import { undefinedIfMissing } from '../system-error.ts';
import { syncDirectory, temporaryName, writeFileAtomic } from './atomic-file.ts';
import { makeDirectory } from './make-directory.ts';

/** A file that belongs into the directory. */
export interface NamedText {
  /** Without any directory. */
  readonly name: string;
  readonly text: string;
}

/**
 * Writes files into a directory, all or none of them. They are written into a temporary directory first: one beside a
 * directory that is still to be made, which then gets its name, or one inside a directory that is there, from which the files are
 * moved, over others of the same name. However this process ends by itself, the temporary directory is removed.
 * @param stop once it aborts nothing is written any more, unless all is complete but for the name
 * @returns false if it was stopped
 * @throws PersistenceError if that fails, saying what is in place nevertheless
 */
export async function writeFilesTogether(
  path: string,
  files: readonly NamedText[],
  stop: AbortSignal,
): Promise<boolean> {
  const directory = resolve(path);
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
      if (isThere) {
        for (const { name } of files) {
          await rename(join(temporary, name), join(directory, name));
          placed++;
        }
      } else {
        await rename(temporary, directory);
        placed = files.length;
      }
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
