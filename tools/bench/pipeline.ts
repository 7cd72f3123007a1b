/**
 * Measures import and migration of whole runs with the command itself, beside the floor that the disk sets on the same
 * machine in the same minute.
 *
 *   node dist/tools/bench/pipeline.js [runs, default 20] [bytes a record, default 1300000]
 */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, open, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { command, makeLocalSite, runNode } from '../demo/local-site.ts';
import { writeRecords } from '../sample-records/record.ts';
import { parseSize } from '../sample-records/system.ts';

const [runs, size] = [Number(process.argv[2] ?? 20), parseSize(process.argv[3] ?? '1300000')];
if (!(runs > 0) || size === undefined) throw new Error('usage: pipeline [runs] [bytes a record]');

/** Reads all files of a directory tree and writes the same bytes elsewhere, each file with fsync. */
async function copyWithFsync(from: string, to: string): Promise<void> {
  await mkdir(to);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyWithFsync(source, target);
    else await writeFsync(target, await readFile(source));
  }
}

async function writeFsync(path: string, bytes: Buffer): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Notes the largest memory that a process has had, in MB; Linux only. */
function watchMemory(child: ChildProcess, note: (megabytes: number) => void): void {
  const timer = setInterval(() => {
    const status = statusOf(child.pid);
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
    if (peak !== undefined) note(Math.round(Number(peak) / 1024));
  }, 20);
  child.once('exit', () => clearInterval(timer));
}

function statusOf(pid: number | undefined): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}

async function perMinute(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return Math.round((runs * 60_000) / (performance.now() - start));
}

async function measureStage(config: string, flag: string): Promise<{ rate: number; memory: number }> {
  let memory = 0;
  const rate = await perMinute(() =>
    runNode([command('run-archiver'), config, flag], 'ignore', (child) =>
      watchMemory(child, (megabytes) => {
        memory = megabytes;
      }),
    ),
  );
  return { rate, memory };
}

const directory = mkdtempSync(join(tmpdir(), 'bench-pipeline-'));
const site = await makeLocalSite(directory, runs);
try {
  await writeRecords(site.runRecords, {
    count: runs,
    firstRun: 5001,
    size,
    era: '2024',
    seed: '1',
    writable: true,
  });
  spawnSync('sync');
  // A run directory that was modified within the last second is waited for.
  await setTimeout(1000);
  const floor = await perMinute(() => copyWithFsync(site.runRecords, join(directory, 'copy')));
  console.log(`copy with fsync   ${floor} runs a minute`);
  for (const flag of ['--import-only', '--migrate-only']) {
    const { rate, memory } = await measureStage(site.config, flag);
    console.log(
      `${flag.padEnd(17)} ${rate} runs a minute (${(rate / floor).toFixed(2)} of the copy), ${memory} MB at most`,
    );
  }
} finally {
  await site.server.close();
  rmSync(directory, { recursive: true, force: true });
}
