import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { findProcess } from '../../lock/processes.ts';
import type { Logger } from '../../log/logger.ts';
import { errorCode } from '../../system-error.ts';

const DIRECTORY = 'RUN_RECORD_ARCHIVER_DIRECTORY';
const DATABASE = 'RUN_RECORD_ARCHIVER_DATABASE';
const PAUSE_MS = 100;

/**
 * Variables that every tool is given: the directory it works on, and the database. What the tool starts inherits them, so
 * that all of them are found again though the archiver that started them was killed.
 */
export function marksOf(directory: string, databaseUri: string): Readonly<Record<string, string>> {
  return { [DIRECTORY]: directory, [DATABASE]: databaseMark(databaseUri) };
}

/** Stands for a database's address, which may hold a password. */
export function databaseMark(databaseUri: string): string {
  return createHash('sha256').update(databaseUri).digest('hex');
}

/**
 * Waits until no tool works any more that a killed archiver started. A loader is not ended at once: a FilesystemDB whose index
 * is just being rewritten would be torn.
 * @param isOrphan decides by the directory that a tool was given, and the mark of its database
 * @param patienceMs after that many milliseconds they are killed
 */
export async function outlastOrphans(
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

/** Processes of orphaned tools. Those of other accounts can't be seen; they are none of ours. */
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
