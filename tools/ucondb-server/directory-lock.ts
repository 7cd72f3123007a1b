import { readFileSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { findProcess } from '../../src/lock/processes.ts';
import { errorCode } from '../../src/system-error.ts';

/**
 * Keeps a second server out of a data directory. A lock that a killed server left is taken over.
 * @returns releases the lock
 * @throws Error if the server that made the lock is running
 */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  const path = join(directory, 'server.pid');
  for (;;) {
    try {
      const file = await open(path, 'wx');
      await file.writeFile(`${process.pid}\n`);
      await file.close();
      return () => rm(path, { force: true });
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    }
    const pid = Number(readFileSync(path, 'utf8'));
    // This process's own number stands there by chance: a killed server had it.
    if (pid !== process.pid && Number.isInteger(pid) && pid > 0 && findProcess(pid) !== undefined) {
      throw new Error(
        `${directory} is in use by process ${pid}; if that is no ucondb-server, remove ${path}`,
      );
    }
    await rm(path, { force: true });
  }
}
