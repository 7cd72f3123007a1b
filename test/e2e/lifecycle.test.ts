import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ArchiverHere } from '../helpers/archiver-here.ts';
import type { ArchiverProcess } from '../helpers/archiver-process.ts';
import { useSite } from '../helpers/use-site.ts';

const { site, ucondb, run, start } = useSite({
  ucon_db: { timeout_seconds: 60 },
  app: { parallel_workers: 1 },
});

/** An archiver that is in the middle of its first upload. */
async function startAndHold(): Promise<ArchiverProcess> {
  return await held(() => start(['--incremental']));
}

/** The same in the process of the test. */
async function holdHere(): Promise<ArchiverHere> {
  return await held(() => new ArchiverHere([site.config, '--incremental']));
}

async function held<Archiver>(begin: () => Archiver): Promise<Archiver> {
  site.addRuns(1, 2, 3);
  const uploading = ucondb.hold();
  const archiver = begin();
  await uploading;
  return archiver;
}

describe('a second start while one is running', () => {
  it('exits 1 and leaves the first alone', async () => {
    const first = await startAndHold();
    const lock = readFileSync(site.lockFile, 'utf8');
    expect(lock).toBe(`${first.pid}\n`);
    const second = await run('--incremental');
    expect(second.code).toBe(1);
    expect(second.stdout).toContain('LockExistsError');
    expect(second.stdout).toContain(String(first.pid));
    expect(readFileSync(site.lockFile, 'utf8')).toBe(lock);
    ucondb.release();
    expect((await first.ended).code).toBe(0);
    expect(await ucondb.runs()).toEqual([1, 2, 3]);
  });

  it('still reports, because a report only reads', async () => {
    const archiver = await holdHere();
    const { code, stdout } = await run('--report-status');
    expect([code, stdout]).toEqual([0, expect.stringContaining('Run MIGRATOR: 3 run(s)')]);
    ucondb.release();
    expect((await archiver.ended).code).toBe(0);
  });

  it('also respects the flock of the Python archiver', async () => {
    site.addRuns(1);
    const lockFile = join(site.directory, 'flocked.lock');
    site.configure(ucondb.url, { app: { lock_file: lockFile } });
    const holder = spawn('flock', [lockFile, 'cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
    holder.stdin.write('held\n');
    await once(holder.stdout, 'data');
    try {
      expect((await run()).code).toBe(1);
    } finally {
      holder.stdin.end();
      await once(holder, 'exit');
    }
    expect((await run()).code).toBe(0);
  });
});

describe('a graceful stop', () => {
  type Archiver = Pick<ArchiverProcess, 'says' | 'ended'>;
  const bySignal = async (signal: 'SIGINT' | 'SIGTERM'): Promise<Archiver> => {
    const archiver = await startAndHold();
    archiver.kill(signal);
    return archiver;
  };
  const byLockFile = async (change: () => void): Promise<Archiver> => {
    const archiver = await holdHere();
    change();
    return archiver;
  };
  it.each<[string, () => Promise<Archiver>, string]>([
    ['SIGINT', () => bySignal('SIGINT'), 'GRACEFUL SHUTDOWN REQUESTED'],
    ['SIGTERM', () => bySignal('SIGTERM'), 'GRACEFUL SHUTDOWN REQUESTED'],
    [
      'removal of the lock file',
      () => byLockFile(() => rmSync(site.lockFile)),
      'INITIATING GRACEFUL SHUTDOWN',
    ],
    [
      'another PID in it',
      () => byLockFile(() => writeFileSync(site.lockFile, '1\n')),
      'INITIATING GRACEFUL SHUTDOWN',
    ],
  ])('by %s lets the run in progress end', async (_, stopped, announcement) => {
    const archiver = await stopped();
    await archiver.says(announcement);
    ucondb.release();
    const { code, stdout } = await archiver.ended;
    expect(code).toBe(130);
    expect(stdout).toContain('GRACEFUL SHUTDOWN COMPLETED');
    expect(await ucondb.runs()).toEqual([1]);
    expect(site.state('migrator_state.json')).toEqual({ last_contiguous_run: 1, last_attempted_run: 1 });
    rmSync(site.lockFile, { force: true });
    expect((await run('--incremental')).code).toBe(0);
    expect(await ucondb.runs()).toEqual([1, 2, 3]);
  });
});

describe('an execution that takes longer than app.execution_limit_minutes', () => {
  const limited = (flags: readonly string[]): ArchiverHere => {
    site.addRuns(1, 2, 3);
    site.configure(ucondb.url, { app: { execution_limit_minutes: 0.001 } });
    return new ArchiverHere([site.config, ...flags]);
  };

  it('stops as if it had been asked to, and the next one continues', async () => {
    void ucondb.hold();
    const archiver = limited(['--incremental']);
    await archiver.says('EXECUTION LIMIT REACHED - INITIATING GRACEFUL SHUTDOWN');
    ucondb.release();
    const { code, stdout } = await archiver.ended;
    expect(code).toBe(130);
    expect(stdout).toContain(
      'Reason: Execution limit reached after 0.001 minutes (app.execution_limit_minutes)',
    );
    site.configure(ucondb.url);
    expect((await run('--incremental')).code).toBe(0);
    expect(await ucondb.runs()).toEqual([1, 2, 3]);
  });

  it('takes as long as it takes if it only reads', async () => {
    const { code, stdout } = await limited(['--dry-run']).ended;
    expect([code, stdout]).toEqual([0, expect.not.stringContaining('EXECUTION LIMIT')]);
  });
});

it('a password is read from its file anew at each start, and is in no log', async () => {
  const file = join(site.directory, 'ucondb password');
  const config = JSON.parse(readFileSync(site.config, 'utf8'));
  const { writer_password: right, ...others } = config.ucon_db;
  const ucon_db = { ...others, writer_password_file: file };
  writeFileSync(site.config, JSON.stringify({ ...config, ucon_db }));
  site.addRuns(1);
  writeFileSync(file, 'open sesame\n', { mode: 0o600 });
  const refused = await run('--incremental', '--verbose');
  expect([refused.code, refused.stdout]).toEqual([1, expect.stringContaining('check ucon_db.writer_user')]);
  writeFileSync(file, `${right}\n`);
  const { code, stdout } = await run('--incremental', '--verbose');
  expect(code).toBe(0);
  expect(await ucondb.runs()).toEqual([1]);
  expect(refused.stdout + stdout + site.read('archiver.log')).not.toMatch(new RegExp(`open sesame|${right}`));
});

describe('an abrupt end', () => {
  it('by three SIGINTs exits 130 at once', async () => {
    const archiver = await startAndHold();
    archiver.kill('SIGINT');
    await archiver.says('GRACEFUL SHUTDOWN REQUESTED');
    archiver.kill('SIGINT');
    await archiver.says('2/3');
    archiver.kill('SIGINT');
    const { code, stdout } = await archiver.ended;
    expect(code).toBe(130);
    expect(stdout).toContain('IMMEDIATE SHUTDOWN');
    expect(site.read('archiver.log')).toContain('IMMEDIATE SHUTDOWN');
  });

  it('by SIGKILL is repaired by the next start, which loses nothing and stores nothing twice', async () => {
    const archiver = await startAndHold();
    archiver.kill('SIGKILL');
    expect((await archiver.ended).signal).toBe('SIGKILL');
    expect(existsSync(site.lockFile)).toBe(true);
    // The server has the whole body and stores it although nobody waits for the answer any more.
    ucondb.release();
    const { code } = await run('--incremental');
    expect(code).toBe(0);
    expect(await ucondb.runs()).toEqual([1, 2, 3]);
    expect(existsSync(site.lockFile)).toBe(false);
  });

  it('at random moments never loses a run', async () => {
    site.configure(ucondb.url, { app: { parallel_workers: 3, batch_size: 40 } });
    const runs = Array.from({ length: 40 }, (_, index) => index + 1);
    site.addRuns(...runs);
    let kills = 0;
    for (const line of ['Run 3 imported', 'Run 19 imported', 'Run 2 migrated', 'Run 23 migrated']) {
      const archiver = start(['--incremental']);
      await archiver.says(line);
      archiver.kill('SIGKILL');
      if ((await archiver.ended).signal === 'SIGKILL') kills += 1;
    }
    expect(kills).toBe(4);
    expect((await run('--incremental')).code).toBe(0);
    expect(await ucondb.runs()).toEqual(runs);
    for (const name of ['importer_state.json', 'migrator_state.json'] as const) {
      expect(site.state(name)).toEqual({ last_contiguous_run: 40, last_attempted_run: 40 });
    }
    expect((await run('--report-status')).stdout).toContain('All systems are synchronized');
  });
});

describe('a start after a kill', () => {
  it('counts what was archived but not noted, and removes leftovers wherever the files are', async () => {
    const elsewhere = join(site.directory, 'elsewhere');
    const stateFile = join(elsewhere, 'state.json');
    site.configure(ucondb.url, { app: { import_state_file: stateFile } });
    site.addRuns(1, 2, 3, 4);
    expect((await run('--incremental')).code).toBe(0);
    writeFileSync(stateFile, '{"last_contiguous_run": 2, "last_attempted_run": 2}');
    const ended = spawnSync('true').pid;
    writeFileSync(join(elsewhere, `.state.json.${ended}-0123456789ab.archiver-tmp`), '{');
    expect((await run('--incremental')).code).toBe(0);
    expect(JSON.parse(readFileSync(stateFile, 'utf8'))).toEqual({
      last_contiguous_run: 4,
      last_attempted_run: 4,
    });
    expect(readdirSync(elsewhere)).toEqual(['state.json']);
  });
});

describe('a bug outside of any run', () => {
  it('is logged, ends with exit code 2, and leaves no lock', async () => {
    site.addRuns(1);
    const bug = `import { existsSync } from 'node:fs';
      setInterval(() => { if (existsSync(${JSON.stringify(join(site.work, 'importer_seen.json'))})) throw new Error('a timer broke'); }, 1);`;
    const { code } = await start(['--incremental'], {
      env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(bug)}` },
    }).ended;
    expect(code).toBe(2);
    expect(site.read('archiver.log')).toMatch(/UNEXPECTED ERROR SUMMARY[\s\S]*a timer broke/);
    expect(existsSync(site.lockFile)).toBe(false);
  });
});

describe('a full disk', () => {
  it('is logged, counts nothing as archived, and does no harm once there is room', async () => {
    site.addRuns(1);
    site.addRun(2, {
      'big.fcl': `a: [ ${Array.from({ length: 20_000 }, (_, index) => index).join(', ')} ]\n`,
    });
    const preload = new URL('../helpers/full-disk.mjs', import.meta.url).href;
    const { code, stdout } = await start(['--incremental'], {
      env: {
        NODE_OPTIONS: `--import=${preload}`,
        FULL_DISK_DIRECTORY: site.database,
        FULL_DISK_BYTES: '200000',
      },
    }).ended;
    expect(code).toBe(1);
    expect(stdout).toMatch(/✗ Run 2 failed .*ENOSPC/);
    expect(await ucondb.runs()).toEqual([1]);
    expect(existsSync(join(site.work, 'import_failures.log'))).toBe(false);
    expect((await run('--incremental')).code).toBe(0);
    expect(await ucondb.runs()).toEqual([1, 2]);
  });
});
