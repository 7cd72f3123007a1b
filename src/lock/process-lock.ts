import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ArchiverError, LockExistsError, messageOf, PersistenceError } from '../errors.ts';
import { removeStaleTemporaries, writeFileAtomic } from '../files/atomic-file.ts';
import { makeDirectory } from '../files/directories.ts';
import { ownershipHint } from '../files/ownership.ts';
import { NotRegularFileError, readRegularFile, readRegularFileSync } from '../files/regular-file.ts';
import { type Logger, silentLogger } from '../log/logger.ts';
import { standardError } from '../log/standard-stream.ts';
import { errorCode } from '../system-error.ts';
import {
  acquireDirectoryLock,
  adviceOn,
  clearDeadLock,
  type DirectoryLock,
  describeHolder,
} from './directory-lock.ts';
import { findKernelLock } from './kernel-locks.ts';
import { currentOwner, type LockOwner, whereaboutsOf } from './owner.ts';
import { findProcess } from './processes.ts';

/** What the lock reports, protects and looks at. */
export interface ProcessLockOptions {
  /** The lock is lost (an operator removed it, or another program took it): stop gracefully. Called at most once. */
  readonly onLost: (reason: string) => void;
  readonly logger?: Logger;
  /** Files that are only written under this lock: what a killed owner left beside them is removed. */
  readonly protectedFiles?: readonly string[];
  /** Who takes the lock, for tests. */
  readonly owner?: LockOwner;
  /** The kernel's table of file locks, for tests. */
  readonly kernelLocks?: string;
  /** How often to look at the lock file. Default 1000 ms. */
  readonly watchIntervalMs?: number;
}

/** The right to be the only archiver that uses a work directory. */
export interface ProcessLock {
  /** Removes the lock file (if it still names this process) and gives up the lock. May be called again. */
  release(): Promise<void>;
}

const ONE_DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Makes this process the only archiver at work. The lock proper is the directory `<lockFile>.lock`; `lockFile` itself
 * holds the PID (first line), for operators, who stop the archiver by removing it, and for the Python archiver, whose
 * flock on it counts. A lock whose owner is dead (killed, machine rebooted, PID in use by another program) is taken over;
 * an owner on another host counts as dead after six hours without a sign of life.
 * @throws LockExistsError if another archiver holds the lock; nothing is touched then.
 * @throws PersistenceError if the lock can't be written.
 */
export async function acquireProcessLock(
  lockFile: string,
  options: ProcessLockOptions,
): Promise<ProcessLock> {
  const path = resolve(lockFile);
  const logger = options.logger ?? silentLogger;
  const owner = options.owner ?? currentOwner();
  const onLost = once(options.onLost);
  try {
    makeDirectory(dirname(path));
    await refuseKernelLock(path, options.kernelLocks);
    const lock = await takeDirectory(path, owner, onLost, logger);
    try {
      // Once more, for a program that came between the first look and the lock.
      await refuseKernelLock(path, options.kernelLocks);
      await writeFileAtomic(path, `${owner.pid}\n`);
    } catch (error) {
      await lock.release();
      throw error;
    }
    await cleanUp(path, options.protectedFiles ?? [], owner, logger);
    return watched(path, owner.pid, lock, { intervalMs: options.watchIntervalMs ?? 1000, logger, onLost });
  } catch (error) {
    if (error instanceof ArchiverError) throw error;
    const reason = `${messageOf(error)}${ownershipHint(error)}`;
    throw new PersistenceError(
      `Cannot take the lock ${path}: ${reason}. Check app.lock_file and its directory.`,
      {
        cause: error,
      },
    );
  }
}

/** Leftovers that can't be removed (another account's) are no reason not to work. */
async function cleanUp(
  lockFile: string,
  protectedFiles: readonly string[],
  owner: LockOwner,
  logger: Logger,
): Promise<void> {
  const hasEnded = (pid: number) => findProcess(pid) === undefined;
  const files = protectedFiles.map((file) => resolve(file));
  const directories = [...new Set([lockFile, ...files].map((file) => dirname(file)))];
  const steps = [
    ...directories.map(
      (directory) => () => removeStaleTemporaries(directory, ONE_DAY_MS, Date.now(), hasEnded),
    ),
    ...files.map((file) => () => clearDeadLock(file, owner)),
  ];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      logger.warning(messageOf(error));
    }
  }
}

async function takeDirectory(
  path: string,
  owner: LockOwner,
  onLost: (reason: string) => void,
  logger: Logger,
): Promise<DirectoryLock> {
  const lock = await acquireDirectoryLock(path, {
    owner,
    onCompromised: onLost,
    onTakeover: (holder) =>
      logger.warning(`Recovered the lock ${path}: ${describeHolder(holder)}, ended without releasing it`),
  });
  if ('release' in lock) return lock;
  const isHere = lock.owner !== undefined && whereaboutsOf(lock.owner, owner) === 'here';
  const hint = isHere ? '' : ` ${adviceOn(lock, owner)}`;
  throw new LockExistsError(
    `Another archiver is running: the lock ${path} is held by ${describeHolder(lock)}. ` +
      `To stop it gracefully, remove ${path}.${hint}`,
  );
}

async function refuseKernelLock(path: string, table: string | undefined): Promise<void> {
  const lock = await findKernelLock(path, table);
  if (lock === undefined) return;
  throw new LockExistsError(
    `Another archiver is running: process ${lock.pid} holds a file lock on ${path}. To stop it gracefully, remove ${path}.`,
  );
}

function watched(
  path: string,
  pid: number,
  lock: DirectoryLock,
  watch: Parameters<typeof watchPidFile>[2],
): ProcessLock {
  const endWatch = watchPidFile(path, pid, watch);
  const atExit = (): void => removeOwnPidFileAtExit(path, pid);
  process.once('exit', atExit);
  let released: Promise<void> | undefined;
  const release = async (): Promise<void> => {
    endWatch();
    process.off('exit', atExit);
    try {
      // In this order: whoever takes the lock after us writes the file.
      await removeOwnPidFile(path, pid).finally(() => lock.release());
    } catch (error) {
      throw new PersistenceError(`Cannot release the lock ${path}: ${messageOf(error)}`, { cause: error });
    }
  };
  return {
    release: () => {
      released ??= release();
      return released;
    },
  };
}

function once(callback: (reason: string) => void): (reason: string) => void {
  let called = false;
  return (reason) => {
    if (called) return;
    called = true;
    callback(reason);
  };
}

const GONE = new Set(['ENOENT', 'ENOTDIR']);

/** The first line of a PID file, or undefined if there is no such file. */
async function firstLine(path: string): Promise<string | undefined> {
  try {
    return head(await readRegularFile(path));
  } catch (error) {
    if (error instanceof NotRegularFileError || GONE.has(errorCode(error) ?? '')) return undefined;
    throw error;
  }
}

function head(content: Buffer): string {
  return String(content).split('\n', 1)[0]?.trim() ?? '';
}

/** Removes a PID file if it still names that process. */
async function removeOwnPidFile(path: string, pid: number): Promise<void> {
  if ((await firstLine(path)) === String(pid)) await rm(path, { force: true });
}

/** The same for the last moment of a process, which can't wait or report any more. */
function removeOwnPidFileAtExit(path: string, pid: number): void {
  try {
    if (head(readRegularFileSync(path)) === String(pid)) rmSync(path, { force: true });
  } catch (error) {
    // The next start recovers a file that stays behind; an exception here would change the exit code.
    if (errorCode(error) !== 'ENOENT') standardError.write(`${path} stays behind: ${messageOf(error)}\n`);
  }
}

/** How to watch a PID file. */
interface PidFileWatch {
  readonly intervalMs: number;
  readonly logger: Logger;
  /** Called at most once, with what happened to the file. */
  readonly onLost: (reason: string) => void;
}

/**
 * Looks at a PID file at intervals until it is gone or names another process. A file that can't be read for the moment (a
 * network file system that is away) is no reason to stop: it causes one warning.
 * @returns a function that ends the watch.
 */
function watchPidFile(path: string, pid: number, watch: PidFileWatch): () => void {
  let ended = false;
  let warned = false;
  let timer: NodeJS.Timeout;

  const schedule = (): void => {
    timer = setTimeout(() => void look(), watch.intervalMs);
    timer.unref();
  };
  const look = async (): Promise<void> => {
    let found: string | undefined = String(pid);
    try {
      found = await firstLine(path);
    } catch (error) {
      if (!warned) watch.logger.warning(`Cannot check the lock file ${path}: ${messageOf(error)}`);
      warned = true;
    }
    if (ended) return;
    if (found === String(pid)) return schedule();
    ended = true;
    watch.onLost(
      found === undefined
        ? `the lock file ${path} was removed`
        : `the lock file ${path} names another process (${found || 'empty'})`,
    );
  };

  schedule();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}
