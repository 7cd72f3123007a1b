import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import * as nodeFiles from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ArchiverError, messageOf, PersistenceError } from '../errors.ts';
import { errorCode, mayPass, namingFile, undefinedIfMissing } from '../system-error.ts';
import { eachName } from './directories.ts';
import { ownershipHint } from './ownership.ts';

/** The calls of `node:fs/promises` that a write needs; a test passes others to make one of them fail. */
export type AtomicFileCalls = Pick<
  typeof nodeFiles,
  'open' | 'readlink' | 'realpath' | 'rename' | 'rm' | 'stat'
>;

/** How a file is written. */
export interface AtomicWriteOptions {
  /** Permissions of a new file, whatever the umask; default: 0o666 less the umask. A replaced file keeps its own. */
  readonly mode?: number;
  /** False: the caller writes several files into one directory and calls {@link syncDirectory} once at the end. */
  readonly syncDirectory?: boolean;
  /** False: the path is known to be no symbolic link. */
  readonly followLinks?: boolean;
  /** True: no file of that name is known to exist, so there are no rights to keep. */
  readonly isNew?: boolean;
  readonly files?: AtomicFileCalls;
}

const TEMPORARY_NAME = /^\..*\.([0-9]+)-[0-9a-f]{12}\.archiver-tmp$/;
/** Keeps a temporary's name below the 255 bytes that file systems allow, whatever the target is called. */
const LONGEST_STEM = 48;
const LONGEST_LINK_CHAIN = 40;

const DIRECTORY_SYNC_UNSUPPORTED = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP']);

/**
 * Replaces a file's content so that readers, a crash and a power cut see the old or the new content, never a mixture:
 * temporary file in the same directory, fsync, rename, fsync of the directory. A symbolic link is written through.
 * The temporary file is removed when anything fails; the target is untouched then (unless only the last fsync failed).
 * @param data text (written as UTF-8), bytes, or chunks of bytes; what the chunks' source throws passes through.
 * @throws PersistenceError naming the path and the reason.
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array | AsyncIterable<Uint8Array>,
  options: AtomicWriteOptions = {},
): Promise<void> {
  const files = options.files ?? nodeFiles;
  try {
    const target = options.followLinks === false ? path : await followLinks(path, files);
    const temporary = join(dirname(target), temporaryName(basename(target)));
    try {
      const replaced = options.isNew ? undefined : await files.stat(target).catch(undefinedIfMissing);
      if (replaced !== undefined && !replaced.isFile()) {
        throw new PersistenceError(`Cannot write ${target}: it is not a regular file`);
      }
      await writeTemporary(temporary, replaced, data, options.mode, files);
      await files.rename(temporary, target);
    } catch (error) {
      await files.rm(temporary, { force: true });
      throw error;
    }
    if (options.syncDirectory !== false) await syncDirectory(dirname(target), files);
  } catch (error) {
    if (error instanceof ArchiverError || errorCode(error) === undefined) throw error;
    throw new PersistenceError(`Cannot write ${path}: ${messageOf(error)}${ownershipHint(error)}`, {
      cause: error,
      retryable: mayPass(error),
    });
  }
}

/**
 * Makes the names in a directory durable. Tolerates file systems that can't sync a directory, but no failing disk.
 * @throws the system's error, e.g. EIO or ENOENT.
 */
export async function syncDirectory(
  directory: string,
  files: Pick<AtomicFileCalls, 'open'> = nodeFiles,
): Promise<void> {
  const handle = await files.open(directory, 'r');
  try {
    await handle.sync();
  } catch (error) {
    if (!DIRECTORY_SYNC_UNSUPPORTED.has(errorCode(error) ?? '')) namingFile(directory)(error);
  } finally {
    await handle.close();
  }
}

/**
 * Removes what a killed process left in a directory: temporary files, and lock directories that were never published. A missing
 * directory has none.
 * @param olderThanMs age in milliseconds below which a file may still be in use by a living process.
 * @param hasEnded is the process that made a temporary file known to be gone? Then its age doesn't matter.
 * @returns the names that were removed.
 * @throws PersistenceError if the directory can't be read or a file can't be removed.
 */
export async function removeStaleTemporaries(
  directory: string,
  olderThanMs: number,
  now: number = Date.now(),
  hasEnded: (pid: number) => boolean = () => false,
): Promise<string[]> {
  const removed: string[] = [];
  const temporaries: { name: string; pid: number }[] = [];
  try {
    await eachName(directory, (name) => {
      const pid = TEMPORARY_NAME.exec(name)?.[1];
      if (pid !== undefined) temporaries.push({ name, pid: Number(pid) });
    });
    for (const { name, pid } of temporaries) {
      const path = join(directory, name);
      const stats = await nodeFiles.stat(path).catch(undefinedIfMissing);
      if (stats === undefined || (now - stats.mtimeMs < olderThanMs && !hasEnded(pid))) continue;
      await nodeFiles.rm(path, { recursive: true, force: true });
      removed.push(name);
    }
  } catch (error) {
    throw new PersistenceError(`Cannot clean up ${directory}: ${messageOf(error)}`, { cause: error });
  }
  return removed;
}

async function writeTemporary(
  temporary: string,
  replaced: Pick<Stats, 'mode' | 'uid' | 'gid'> | undefined,
  data: string | Uint8Array | AsyncIterable<Uint8Array>,
  newFileMode: number | undefined,
  files: AtomicFileCalls,
): Promise<void> {
  const handle = await files.open(temporary, 'wx', newFileMode ?? 0o666);
  try {
    if (replaced !== undefined) {
      // Root running the archiver once must not take the file away from the account that runs it every day.
      if (process.getuid?.() === 0) await handle.chown(replaced.uid, replaced.gid).catch(toleratingRefusal);
      await handle.chmod(replaced.mode & 0o7777);
    } else if (newFileMode !== undefined) await handle.chmod(newFileMode);
    if (typeof data === 'string' || data instanceof Uint8Array) await handle.writeFile(data);
    // On a handle, writeFile continues at the current position.
    else for await (const chunk of data) await handle.writeFile(chunk);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function followLinks(path: string, files: AtomicFileCalls): Promise<string> {
  let target = path;
  for (let links = 0; links < LONGEST_LINK_CHAIN; links++) {
    const real = await files.realpath(target).catch(undefinedIfMissing);
    if (real !== undefined) return real;
    const link = await files.readlink(target).catch(undefinedIfNoLink);
    if (link === undefined) return target;
    target = resolve(dirname(target), link);
  }
  throw new PersistenceError(`Cannot write ${path}: too many symbolic links`);
}

/** A new name for an entry that will become `name` in the same directory; {@link removeStaleTemporaries} knows it. */
export function temporaryName(name: string): string {
  return `.${name.slice(0, LONGEST_STEM)}.${process.pid}-${randomBytes(6).toString('hex')}.archiver-tmp`;
}

/** A file server that does not trust root refuses to change the owner; the content matters more. */
function toleratingRefusal(error: unknown): void {
  if (errorCode(error) !== 'EPERM') throw error;
}

function undefinedIfNoLink(error: unknown): undefined {
  const code = errorCode(error);
  if (code === 'ENOENT' || code === 'EINVAL') return undefined;
  throw error;
}
