import * as fs from 'node:fs';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pLimit, { type LimitFunction } from 'p-limit';
import { lock } from 'proper-lockfile';
import { temporaryName } from '../files/atomic-file.ts';
import { errorCode } from '../system-error.ts';
import {
  judgeOwner,
  type LockOwner,
  parseRecordName,
  recordName,
  SILENCE_LIMIT_MS,
  whereaboutsOf,
} from './owner.ts';

/** Who takes a lock, and what the lock reports. */
export interface DirectoryLockOptions {
  readonly owner: LockOwner;
  /** Somebody took the lock from us or removed it; called at most once, from a timer. */
  readonly onCompromised: (reason: string) => void;
  /** The lock of a dead owner was removed. */
  readonly onTakeover?: (holder: LockHolder) => void;
}

/** A lock that this process holds. */
export interface DirectoryLock {
  release(): Promise<void>;
}

/** How often a living owner touches its lock. */
const HEARTBEAT_MS = 1000;
/** Directories of the locks that this process holds. A failed release may leave its record in others. */
const held = new Set<string>();
/** For each directory: takes and releases in turn, as this process has records of the same name in all its locks. */
const turns = new Map<string, LimitFunction>();
/** How long to watch an owner that is out of our sight before taking its lock. */
const SILENCE_WATCHED_MS = 5 * HEARTBEAT_MS;
/** Each attempt fails only because another process got ahead; this many in a row is a fault, not bad luck. */
const ATTEMPTS = 100;

/**
 * Takes the lock `<path>.lock` with proper-lockfile, which keeps it alive and notices its loss. Its own takeover of old locks
 * lets two processes in, so that is switched off. A lock is removed only if its owner is provably dead, by unlinking that
 * owner's record, whose name no later owner can have; so is a lock that this process could not release.
 * @returns the lock, or who holds it (`release` tells them apart).
 * @throws the system's error if the directory can't be made or read.
 */
export function acquireDirectoryLock(
  path: string,
  options: DirectoryLockOptions,
): Promise<DirectoryLock | LockHolder> {
  const directory = `${path}.lock`;
  return inTurn(directory, () => acquire(path, directory, options));
}

async function acquire(
  path: string,
  directory: string,
  options: DirectoryLockOptions,
): Promise<DirectoryLock | LockHolder> {
  const record = recordName(options.owner);
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const taken = await takeIfFree(path, directory, record, options.onCompromised);
    if (taken !== undefined) return taken;
    const holder = await readHolder(directory);
    if (holder === undefined) continue;
    if (holder.record === record && !held.has(directory)) {
      await withdraw(directory, record);
      continue;
    }
    const { owner } = holder;
    if (owner === undefined) return holder;
    if (judgeOwner(owner, options.owner, Date.now() - holder.lastSeen.getTime()) !== 'dead') return holder;
    if (judgeOwner(owner, options.owner, 0) !== 'dead') {
      // Only its silence says so, by a clock that may be wrong. A living owner touches the lock while we wait.
      await wait(SILENCE_WATCHED_MS);
      const again = await readHolder(directory);
      if (again?.record !== holder.record) continue;
      if (again.lastSeen.getTime() !== holder.lastSeen.getTime()) return again;
    }
    await withdraw(directory, holder.record);
    options.onTakeover?.(holder);
  }
  throw new Error(`The lock ${directory} keeps changing hands`);
}

/**
 * Removes the lock `<path>.lock` if its owner is dead; otherwise it would stay until somebody wants the lock.
 * @throws the system's error if the directory can't be read or changed.
 */
export async function clearDeadLock(path: string, owner: LockOwner): Promise<void> {
  if (!existsSync(`${path}.lock`)) return;
  const lock = await acquireDirectoryLock(path, { owner, onCompromised: () => undefined });
  if ('release' in lock) await lock.release();
}

/** For messages: who holds a lock and since when. */
export function describeHolder(holder: LockHolder): string {
  const { owner } = holder;
  const since = `since ${holder.since.toISOString()}`;
  return owner === undefined
    ? `something unknown (${holder.record}), ${since}`
    : `process ${owner.pid} on ${owner.host}, ${since}`;
}

/**
 * For messages: whether a holder still runs, as far as we know, when its lock is taken over if it does not, and how to remove
 * the lock sooner.
 * @param self who wants the lock
 * @param now in milliseconds since 1970
 */
export function adviceOn(holder: LockHolder, self: LockOwner, now = Date.now()): string {
  const { owner, lastSeen, directory } = holder;
  const removal = `If you are sure that it is not running, remove the directory ${directory}.`;
  if (owner === undefined || judgeOwner(owner, self, now - lastSeen.getTime()) !== 'unknown') return removal;
  const whereabouts = whereaboutsOf(owner, self);
  const [where, limit, duration] =
    whereabouts === 'otherContainer'
      ? ['in another container', SILENCE_LIMIT_MS.otherContainer, '10 minutes']
      : ['on another host', SILENCE_LIMIT_MS.otherHost, '6 hours'];
  const end = new Date(lastSeen.getTime() + limit).toISOString();
  return (
    `It was started ${where}, so nobody can tell from here whether it still runs; it gave its last sign of life at ` +
    `${lastSeen.toISOString()}. After ${duration} without one, at ${end}, the lock is taken over. ${removal}`
  );
}

async function takeIfFree(
  path: string,
  directory: string,
  record: string,
  onCompromised: (reason: string) => void,
): Promise<DirectoryLock | undefined> {
  let compromised = false;
  try {
    const release = await lock(path, {
      lockfilePath: directory,
      stale: Number.POSITIVE_INFINITY,
      update: HEARTBEAT_MS,
      realpath: false,
      fs: lockDirectoryCalls(record),
      onCompromised: (error) => {
        compromised = true;
        onCompromised(`the lock ${directory} was removed or changed (${error.message})`);
      },
    });
    held.add(directory);
    let released: Promise<void> | undefined;
    const giveUp = () => (compromised ? withdraw(directory, record) : release());
    return {
      release: () => {
        released ??= inTurn(directory, async () => {
          try {
            // Once more if need be, as proper-lockfile forgets a lock before it removes it.
            await giveUp().catch(() => withdraw(directory, record));
          } finally {
            held.delete(directory);
          }
        });
        return released;
      },
    };
  } catch (error) {
    if (errorCode(error) === 'ELOCKED') return undefined;
    throw error;
  }
}

function inTurn<Result>(directory: string, work: () => Promise<Result>): Promise<Result> {
  const turn = turns.get(directory) ?? pLimit(1);
  turns.set(directory, turn);
  return turn(work);
}

/** Who holds a lock, as its directory tells. */
export interface LockHolder {
  readonly directory: string;
  /** Undefined: this program did not write what the directory holds. */
  readonly owner: LockOwner | undefined;
  readonly record: string;
  /** When the lock was taken. */
  readonly since: Date;
  /** When the owner last touched the lock. */
  readonly lastSeen: Date;
}

type Callback = (error: Error | null) => void;

/**
 * The file system calls that proper-lockfile makes. Two of them do more: `mkdir` publishes a directory that already holds the
 * owner's record, and `rmdir` removes the record first.
 */
function lockDirectoryCalls(record: string): object {
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
 * Takes the lock: renames a prepared directory to its place. The rename fails if another owner's record is already there, and
 * replaces an empty directory, so at no moment does a lock have no known owner.
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

/** Removes one owner's record, then the directory unless another owner has moved in meanwhile. */
async function withdraw(directory: string, record: string): Promise<void> {
  await unlink(join(directory, record)).catch(ignore('ENOENT'));
  await rmdir(directory).catch(ignore('ENOENT', 'ENOTEMPTY', 'EEXIST'));
}

/** Who holds the lock; undefined if nobody does. */
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
