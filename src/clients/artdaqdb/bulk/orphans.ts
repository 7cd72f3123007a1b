import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { findProcess } from '../../../persistence/lock/process-table.ts';
import type { Logger } from '../../../services/logger.ts';
import { errorCode } from '../../../system-error.ts';

/**
 * Every tool is given this variable with the directory it works on. What the tool starts inherits it, so that all of them are found
 * again though the archiver that started them was killed.
 */
export const MARK = 'RUN_RECORD_ARCHIVER_DIRECTORY';

const MARKED = new RegExp(`(?:^|\\0)${MARK}=([^\\0]*)`);
const PAUSE_MS = 100;

/**
 * Waits until no tool works any more that a killed archiver started. A loader is not ended at once: a FilesystemDB whose index
 * is just being rewritten would be torn.
 * @param isAbandoned whether the archiver that made the directory is gone
 * @param patienceMs after that many milliseconds they are killed
 */
export async function outlastOrphans(
  isAbandoned: (directory: string) => boolean,
  patienceMs: number,
  logger: Logger,
): Promise<void> {
  let left = await markedProcesses(isAbandoned);
  if (left.length === 0) return;
  logger.warning(`A killed archiver left tools at work (process ${left.join(', ')}); waiting for their end`);
  for (let waited = 0; left.length > 0; waited += PAUSE_MS) {
    if (waited >= patienceMs) {
      logger.warning(`Killing process ${left.join(', ')}, which a killed archiver left at work`);
      for (const pid of left) kill(pid);
    }
    await wait(PAUSE_MS);
    left = await markedProcesses(isAbandoned);
  }
}

/** Processes that were given an abandoned directory. Those of other accounts can't be seen; they are none of ours. */
async function markedProcesses(isAbandoned: (directory: string) => boolean): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readProc('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const directory = MARKED.exec(await environmentOf(pid))?.[1];
    if (directory !== undefined && isAbandoned(directory) && findProcess(pid) !== undefined) found.push(pid);
  }
  return found;
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
