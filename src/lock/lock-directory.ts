import * as fs from 'node:fs';
import { mkdir, readdir, rename, rm, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { temporaryName } from '../files/atomic-file.ts';
import { errorCode } from '../system-error.ts';
import { type LockOwner, parseRecordName } from './owner.ts';

/** What stands in a lock directory. */
export interface LockHolder {
  readonly directory: string;
  /** Undefined: the directory holds something that this program did not write. */
  readonly owner: LockOwner | undefined;
  readonly record: string;
  /** When the lock was taken. */
  readonly since: Date;
  /** When the owner touched the lock last. */
  readonly lastSeen: Date;
}

type Callback = (error: Error | null) => void;

/**
 * The file system calls that proper-lockfile makes, with two of its own kind: `mkdir` publishes a directory that holds the
 * owner's record already, and `rmdir` takes the record away first.
 */
export function lockDirectoryCalls(record: string): object {
  return {
    mkdir: (directory: string, done: Callback) => settle(publish(directory, record), done),
    rmdir: (directory: string, done: Callback) => settle(withdraw(directory, record), done),
    rmdirSync: (directory: string) => {
      fs.rmSync(join(directory, record), { force: true });
      fs.rmdirSync(directory);
    },
    stat: fs.stat,
    utimes: fs.utimes,
    realpath: fs.realpath,
  };
}

/**
 * Takes the lock: renames a prepared directory to its place. The rename fails if another owner's record is there already
 * and replaces an empty directory, so there is no moment with a lock whose owner can't be told.
 * @throws the system's error; EEXIST if the lock is held.
 */
async function publish(directory: string, record: string): Promise<void> {
  const prepared = join(dirname(directory), temporaryName(basename(directory)));
  try {
    await mkdir(prepared);
    await writeFile(join(prepared, record), '', { flag: 'wx' });
    await rename(prepared, directory);
  } catch (error) {
    await rm(prepared, { recursive: true, force: true });
    if (errorCode(error) === 'ENOTEMPTY' && error instanceof Error) Object.assign(error, { code: 'EEXIST' });
    throw error;
  }
}

/** Takes one owner's record away, then the directory unless another owner has moved in meanwhile. */
export async function withdraw(directory: string, record: string): Promise<void> {
  await unlink(join(directory, record)).catch(ignore('ENOENT'));
  await rmdir(directory).catch(ignore('ENOENT', 'ENOTEMPTY', 'EEXIST'));
}

/** Who holds the lock; undefined if nobody does (any more). */
export async function readHolder(directory: string): Promise<LockHolder | undefined> {
  try {
    const names = await readdir(directory);
    const record = names[0];
    if (record === undefined) return undefined;
    const [lock, file] = await Promise.all([stat(directory), stat(join(directory, record))]);
    const owner = names.length === 1 ? parseRecordName(record) : undefined;
    return { directory, owner, record: names.join(', '), since: file.mtime, lastSeen: lock.mtime };
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function ignore(...codes: string[]): (error: unknown) => void {
  return (error) => {
    if (!codes.includes(errorCode(error) ?? '')) throw error;
  };
}

function settle(work: Promise<void>, done: Callback): void {
  work.then(
    () => done(null),
    (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
  );
}
