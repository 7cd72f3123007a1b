import { execFileSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import type { ArchiverProcess } from '../helpers/archiver-process.ts';
import { useSite } from '../helpers/use-site.ts';

const PRELOAD = resolve(import.meta.dirname, '../helpers/held-file.mjs');
const RUNS = Array.from({ length: 16 }, (_, place) => place + 1);

const { site, start } = useSite({ app: { batch_size: RUNS.length } });

/** Starts to import many runs, of which reading one never ends. */
function startHeld(): ArchiverProcess {
  site.addRuns(...RUNS);
  const fifo = join(site.directory, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const held = join(realpathSync(site.runRecords), '3', 'boot.txt');
  expect(existsSync(held)).toBe(true);
  return start(['--import-only'], {
    env: { NODE_OPTIONS: `--import=${PRELOAD}`, HELD_FILE: held, HELD_FIFO: fifo },
  });
}

it('a file server that holds one of many run records keeps neither other runs nor signals from being served', async () => {
  const archiver = startHeld();
  await archiver.says('✓ Run 16 imported successfully');
  for (const answer of ['GRACEFUL SHUTDOWN REQUESTED', 'SECOND SIGTERM']) {
    archiver.kill('SIGTERM');
    await archiver.says(answer);
  }
  const { stdout, signal } = await archiver.ended;
  // Only the thread that is held keeps the process, until it is killed.
  expect(signal).toBe('SIGKILL');
  expect(stdout).not.toContain('✓ Run 3 ');
  expect(existsSync(site.lockFile)).toBe(false);
});
