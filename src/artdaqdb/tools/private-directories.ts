import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ArchiverError, type ErrorFault, messageOf, PersistenceError } from '../../errors.ts';
import { makeDirectory } from '../../files/directories.ts';
import { currentOwner, judgeOwner, type LockOwner, parseRecordName, recordName } from '../../lock/owner.ts';
import { findProcess } from '../../lock/processes.ts';
import type { Logger } from '../../log/logger.ts';
import { errorCode, isOfSite, mayPass, undefinedIfMissing } from '../../system-error.ts';

/** How long tools that a killed archiver left at work may continue, in milliseconds. */
const ORPHAN_PATIENCE_MS = 300_000;
const MAKE_ATTEMPTS = 100;
const STILL_USED: ReadonlySet<string> = new Set(['ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR']);

/** Directories with the files of one run for a tool. Nobody else can read them; each is removed after use. */
export class PrivateDirectories {
  /** Holds a directory for each process that works here. Its name tells whether that process still runs. */
  readonly root: string;
  readonly #owner: LockOwner = currentOwner();
  readonly #databaseUri: string;
  readonly #logger: Logger;
  readonly #patienceMs: number;

  /** @param databaseUri the database that the tools work on */
  constructor(root: string, databaseUri: string, logger: Logger, patienceMs: number = ORPHAN_PATIENCE_MS) {
    this.root = root;
    this.#databaseUri = databaseUri;
    this.#logger = logger;
    this.#patienceMs = patienceMs;
  }

  /** Where the directories of this process are made. */
  get own(): string {
    return join(this.root, recordName(this.#owner));
  }

  /**
   * Does something with a new directory, and removes it.
   * @throws PersistenceError if it can't be made, used or removed, and other errors that `work` throws
   */
  async use<Result>(work: (directory: string) => Promise<Result>): Promise<Result> {
    const directory = await this.#make();
    try {
      return await work(directory);
    } catch (error) {
      if (error instanceof ArchiverError || errorCode(error) === undefined) throw error;
      // The work depends on the run, so only some codes concern all runs.
      throw failure(`work in ${directory}`, error, isOfSite(error) ? 'site' : 'unknown');
    } finally {
      await this.#remove(directory);
    }
  }

  /**
   * Removes what killed processes left, once nothing uses it any more.
   * @throws PersistenceError
   */
  async clear(): Promise<void> {
    for (const name of await this.#names()) {
      const directory = join(this.root, name);
      if (!(await this.#isAbandoned(directory, name))) continue;
      const isBelow = (path: string): boolean => path.startsWith(`${directory}/`);
      await outlastOrphans(isBelow, this.#patienceMs, this.#logger);
      await this.#remove(directory);
    }
  }

  /**
   * Waits for tools that killed archivers, also those with other work directories, left at work on the database. Such a tool
   * would store documents a second time, and write to a FilesystemDB whose lock we took over.
   */
  async outlastOrphans(): Promise<void> {
    const mark = databaseMark(this.#databaseUri);
    const isOrphan = (path: string, database: string): boolean => database === mark && this.#isOfDead(path);
    await outlastOrphans(isOrphan, this.#patienceMs, this.#logger);
  }

  /** Removes the directories that are empty. */
  async close(): Promise<void> {
    for (const directory of [this.own, this.root]) {
      await rmdir(directory).catch((error: unknown) => {
        if (!STILL_USED.has(errorCode(error) ?? '')) throw failure(`remove ${directory}`, error);
      });
    }
  }

  /** Does the directory of one run belong to a dead process of this machine? */
  #isOfDead(directory: string): boolean {
    const owner = parseRecordName(basename(dirname(directory)));
    return owner !== undefined && judgeOwner(owner, this.#owner, 0) === 'dead';
  }

  async #isAbandoned(directory: string, name: string): Promise<boolean> {
    const owner = parseRecordName(name);
    const stats = await stat(directory).catch(undefinedIfMissing);
    if (owner === undefined || stats === undefined) return false;
    return judgeOwner(owner, this.#owner, Date.now() - stats.mtimeMs) === 'dead';
  }

  async #names(): Promise<string[]> {
    try {
      return (await readdir(this.root).catch(undefinedIfMissing)) ?? [];
    } catch (error) {
      throw failure(`work in ${this.root}`, error);
    }
  }

  async #make(): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      try {
        makeDirectory(this.root);
        await mkdir(this.own, { mode: 0o700 }).catch((error: unknown) => {
          if (errorCode(error) !== 'EEXIST') throw error;
        });
        return await mkdtemp(`${this.own}/`);
      } catch (error) {
        // Another process may have removed the empty directory at this moment.
        if (errorCode(error) === 'ENOENT' && attempt < MAKE_ATTEMPTS) continue;
        throw failure(`make a directory in ${this.own}`, error);
      }
    }
  }

  async #remove(directory: string): Promise<void> {
    try {
      await rm(directory, { recursive: true, force: true, maxRetries: 3 });
    } catch (error) {
      throw failure(`remove ${directory}`, error);
    }
  }
}

function failure(what: string, error: unknown, fault: ErrorFault = 'site'): PersistenceError {
  return new PersistenceError(`Cannot ${what}: ${messageOf(error)}`, {
    cause: error,
    retryable: mayPass(error),
    fault,
    place: 'work directory',
  });
}

const DIRECTORY = 'RUN_RECORD_ARCHIVER_DIRECTORY';
const DATABASE = 'RUN_RECORD_ARCHIVER_DATABASE';
const PAUSE_MS = 100;

/**
 * Variables that every tool gets: its directory, and the database. Whatever the tool starts inherits them, so all of it can be
 * found after its archiver was killed.
 */
export function marksOf(directory: string, databaseUri: string): Readonly<Record<string, string>> {
  return { [DIRECTORY]: directory, [DATABASE]: databaseMark(databaseUri) };
}

/** Stands for a database's address, which may contain a password. */
function databaseMark(databaseUri: string): string {
  return createHash('sha256').update(databaseUri).digest('hex');
}

/**
 * Waits until no tool of a killed archiver is at work. A loader is not killed at once: that could tear the index of a
 * FilesystemDB while it is rewritten.
 * @param isOrphan decides by the directory and the mark of the database that a tool got
 * @param patienceMs after so many milliseconds they are killed
 */
async function outlastOrphans(
  isOrphan: (directory: string, database: string) => boolean,
  patienceMs: number,
  logger: Logger,
): Promise<void> {
  let left = await markedProcesses(isOrphan);
  if (left.length === 0) return;
  logger.warning(`A killed archiver left tools at work (process ${left.join(', ')}); waiting for their end`);
  for (let waited = 0; left.length > 0; waited += PAUSE_MS) {
    if (waited >= patienceMs) {
      logger.warning(`Killing process ${left.join(', ')}, which a killed archiver left at work`);
      for (const pid of left) kill(pid);
    }
    await wait(PAUSE_MS);
    left = await markedProcesses(isOrphan);
  }
}

/** Processes of orphaned tools. Processes of other accounts can't be seen, and are not ours. */
async function markedProcesses(
  isOrphan: (directory: string, database: string) => boolean,
): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readProc('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const environment = await environmentOf(pid);
    const directory = variable(environment, DIRECTORY);
    if (directory === undefined || !isOrphan(directory, variable(environment, DATABASE) ?? '')) continue;
    if (findProcess(pid) !== undefined) found.push(pid);
  }
  return found;
}

function variable(environment: string, name: string): string | undefined {
  const line = environment.split('\0').find((each) => each.startsWith(`${name}=`));
  return line?.slice(name.length + 1);
}

async function environmentOf(pid: number): Promise<string> {
  try {
    return await readFile(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return ''; // It has ended, or belongs to another account.
  }
}

async function readProc(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []; // A system without /proc: there, a load left behind is not seen.
    throw error;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error;
  }
}
