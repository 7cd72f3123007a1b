import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { messageOf } from '../errors.ts';
import { NotRegularFileError, readRegularFile, readRegularFileSync } from '../files/regular-file.ts';
import type { Logger } from '../log/logger.ts';
import { standardError } from '../log/standard-stream.ts';
import { errorCode } from '../system-error.ts';

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
export async function removeOwnPidFile(path: string, pid: number): Promise<void> {
  if ((await firstLine(path)) === String(pid)) await rm(path, { force: true });
}

/** The same for the last moment of a process, when nothing can be awaited or reported any more. */
export function removeOwnPidFileAtExit(path: string, pid: number): void {
  try {
    if (head(readRegularFileSync(path)) === String(pid)) rmSync(path, { force: true });
  } catch (error) {
    // The next start recovers a file that stays behind; an exception here would change the exit code.
    if (errorCode(error) !== 'ENOENT') standardError.write(`${path} stays behind: ${messageOf(error)}\n`);
  }
}

/** How a PID file is watched. */
export interface PidFileWatch {
  readonly intervalMs: number;
  readonly logger: Logger;
  /** Called at most once, with what happened to the file. */
  readonly onLost: (reason: string) => void;
}

/**
 * Looks at a PID file at intervals until it is gone or names another process. A file that can't be read at the moment
 * (a network file system that is away) is no reason to stop: warned about once.
 * @returns a function that ends the watch.
 */
export function watchPidFile(path: string, pid: number, watch: PidFileWatch): () => void {
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
