import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, existsSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, it } from 'vitest';
import { StandardStream } from '../../src/log/standard-stream.ts';
import { ArchiverHere } from '../helpers/archiver-here.ts';
import { type Ended, realProgram } from '../helpers/archiver-process.ts';
import { useSite } from '../helpers/use-site.ts';

const helper = (name: string): string => resolve(import.meta.dirname, '../helpers', name);

// Longer than the second request to stop leaves to what is in progress.
const { site, ucondb, run, start } = useSite({ ucon_db: { timeout_seconds: 30 } }, 'file');

beforeAll(async () => {
  site.addRuns(1, 2, 3);
  await run();
  spawnSync('mkfifo', [fifo()]);
});

const fifo = (): string => join(site.directory, 'fifo');

/** What the program is started with as users start it. */
const inProcesses = ['--report-status', '--check-config --json', '--help'];
/** What says its report by the same code, so that the stream alone is broken. */
const here = ['--report-status --json', '--verify', '--verify --json', '--check-config'];

/** Runs the archiver in a shell: `$0` is the program with its configuration. */
async function inShell(command: string): Promise<string> {
  const shell = spawn('sh', ['-c', command, realProgram, site.config], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [said] = await Promise.all([text(shell.stderr), once(shell, 'close')]);
  return said;
}

/** Runs the archiver in this process, with a file as its standard output. */
async function writingTo(fd: number, words: string): Promise<Ended> {
  try {
    const stdout = new StandardStream('stdout', fd);
    return await new ArchiverHere([site.config, ...words.split(' ')], { stdout }).ended;
  } finally {
    closeSync(fd);
  }
}

/** The end of a pipe that nobody reads. */
function brokenPipe(): number {
  const reader = openSync(fifo(), constants.O_RDWR | constants.O_NONBLOCK);
  const writer = openSync(fifo(), constants.O_WRONLY);
  closeSync(reader);
  return writer;
}

describe('a reader that has gone', () => {
  it.each(here)('leaves the exit code of %s alone', async (words) => {
    expect((await writingTo(brokenPipe(), words)).code).toBe(0);
  });

  it.each(inProcesses)('leaves the exit code of %s alone', async (words) => {
    expect(await inShell(`{ "$0" "$1" ${words}; echo "code $?" >&2; } | true`)).toMatch(/code 0\n$/);
    const saidToTheReader = `{ "$0" "$1" ${words} 2>&1; echo "code $?" >&3; } 3>&2 | true`;
    expect(await inShell(saidToTheReader)).toBe('code 0\n');
  });

  it('of standard error leaves the exit code of wrong usage alone', async () => {
    expect(await inShell('{ "$0" --no-such-flag 2>&1; echo "code $?" >&3; } 3>&2 | true')).toBe('code 2\n');
  });
});

describe('a full disk behind standard output', () => {
  it.each(here)('is a known error of %s', async (words) => {
    const { code, stderr } = await writingTo(openSync('/dev/full', 'w'), words);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/Standard output could not be written.*ENOSPC/),
    ]);
    expect(stderr).not.toContain('UNEXPECTED');
  });

  it.each(inProcesses)('is a known error of %s', async (words) => {
    const said = await inShell(`"$0" "$1" ${words} > /dev/full; echo "code $?" >&2`);
    expect(said).toMatch(/Standard output could not be written.*ENOSPC[\s\S]*code 1\n$/);
    expect(said).not.toContain('UNEXPECTED');
  });

  it('does not matter to an execution that archives, because it writes a log', async () => {
    site.addRun(4);
    expect(await inShell('"$0" "$1" --incremental > /dev/full; echo "code $?" >&2')).toBe('code 0\n');
    expect(site.read('archiver.log')).toContain('✓ Run 4 migrated');
  });
});

describe('a thread that waits for ever', () => {
  it('does not keep the process from ending, and child processes end before it', async () => {
    const lockFile = join(site.directory, 'locked');
    const stuck = spawn(process.execPath, [helper('stuck-exit.mjs'), fifo(), lockFile]);
    await once(stuck.stdout, 'data');
    stuck.stdin.write('end\n');
    const [code, signal] = await once(stuck, 'exit');
    expect([code, signal]).toEqual([null, 'SIGKILL']);
    expect(spawnSync('flock', ['-w', '10', lockFile, 'true']).status).toBe(0);
  });

  it('does not keep the process once its work is done', async () => {
    const { signal, stdout } = await start(['--report-status'], {
      env: { NODE_OPTIONS: `--import=${helper('stuck-thread.mjs')}`, STUCK_FIFO: fifo() },
    }).ended;
    expect(signal).toBe('SIGKILL');
    expect(stdout).toContain('Archiver execution complete.');
  });
});

describe('a second SIGTERM', () => {
  it('ends what does not end by itself, with exit code 130 and no lock left', async () => {
    site.addRun(5);
    const uploading = ucondb.hold();
    const archiver = start([]);
    await uploading;
    archiver.kill('SIGTERM');
    await archiver.says('GRACEFUL SHUTDOWN REQUESTED (SIGTERM)');
    archiver.kill('SIGTERM');
    await archiver.says('SECOND SIGTERM');
    expect(await archiver.ended).toMatchObject({ code: 130, signal: null });
    expect(existsSync(site.lockFile)).toBe(false);
    expect(site.read('archiver.log')).toContain('IMMEDIATE SHUTDOWN');
    ucondb.release();
  });
});
