import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useSite } from '../helpers/use-site.ts';

const { site, ucondb, run } = useSite();
const failures = (stage: 'import' | 'migrate') =>
  readFileSync(join(site.work, `${stage}_failures.log`), 'utf8');

/** Every file below the site's directory with its content and time. */
function everything(): string[] {
  return readdirSync(site.directory, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const stats = statSync(join(site.directory, name));
      const content = stats.isFile() ? readFileSync(join(site.directory, name), 'latin1') : '';
      return [name, stats.mtimeMs, content].join(' ');
    });
}

describe('a retry of failed runs', () => {
  it('has nothing to do without a failure log', async () => {
    const { code, stdout } = await run('--retry-failed-import');
    expect([code, stdout]).toEqual([0, expect.stringContaining('No failed runs in log to recover.')]);
  });

  it('processes the runs of the log, which then holds what still fails', async () => {
    site.addRuns(1, 4);
    site.addFaultyRun(2);
    site.addFaultyRun(3);
    expect((await run('--incremental')).code).toBe(1);
    expect(failures('import')).toBe('2\n3\n');
    site.repair(2);
    const { code, stdout } = await run('--retry-failed-import');
    expect(code).toBe(1);
    expect(stdout).toContain('Import Stage: Attempting to recover 2 failed runs.');
    expect(failures('import')).toBe('3\n');
    expect(site.state('importer_state.json')).toEqual({ last_contiguous_run: 2, last_attempted_run: 4 });
    site.repair(3);
    expect((await run('--retry-failed-import')).code).toBe(0);
    expect(failures('import')).toBe('');
    expect(site.state('importer_state.json')).toEqual({ last_contiguous_run: 4, last_attempted_run: 4 });
    expect((await run('--incremental')).code).toBe(0);
    expect(await ucondb.runs()).toEqual([1, 2, 3, 4]);
  });

  it('drops what is at the target already, and does not touch the target', async () => {
    site.addRuns(1, 2);
    await run();
    writeFileSync(join(site.work, 'migrate_failures.log'), '1\n2\n');
    const { code, stdout } = await run('--retry-failed-migrate');
    expect(code).toBe(0);
    expect(stdout).toContain('2 failed run(s) that are archived already, removed from the failure log: 1-2');
    expect(failures('migrate')).toBe('');
  });

  it('does not move the position past runs that were never tried', async () => {
    site.addRuns(1, 2, 3, 4);
    await run('--import-only', '--runs', '1');
    site.addFaultyRun(9);
    writeFileSync(join(site.work, 'import_failures.log'), '9\n');
    expect((await run('--retry-failed-import')).code).toBe(1);
    expect((await run('--incremental')).code).toBe(0);
    expect(await ucondb.runs()).toEqual([1, 2, 3, 4]);
  });
});

describe('recovery of state', () => {
  it('rebuilds state and failure log from source and target, and keeps the old files', async () => {
    site.addRuns(11, 12, 14);
    await run();
    site.addRuns(13, 20);
    writeFileSync(join(site.work, 'importer_state.json'), '{torn');
    writeFileSync(join(site.work, 'migrator_state.json'), '{"last_contiguous_run": 3, "site": "x"}');
    expect((await run('--incremental')).code).toBe(1);
    for (const stage of ['import', 'migrate']) {
      expect((await run(`--recover-${stage}-state`)).code).toBe(0);
    }
    expect(site.state('importer_state.json')).toEqual({ last_contiguous_run: 12, last_attempted_run: 14 });
    expect(site.state('migrator_state.json')).toEqual({
      last_contiguous_run: 12,
      site: 'x',
      last_attempted_run: 14,
    });
    expect([failures('import'), failures('migrate')]).toEqual(['13\n', '']);
    const kept = readdirSync(site.work).filter((name) => name.includes('.before-recovery-'));
    expect(kept.map((name) => readFileSync(join(site.work, name), 'utf8'))).toEqual(
      expect.arrayContaining(['{torn', '{"last_contiguous_run": 3, "site": "x"}']),
    );
    const before = readdirSync(site.work);
    expect((await run('--recover-import-state')).code).toBe(0);
    expect(readdirSync(site.work)).toEqual(before);
    expect((await run('--retry-failed-import')).code).toBe(0);
    expect((await run('--incremental')).code).toBe(0);
    expect(await ucondb.runs()).toEqual([11, 12, 13, 14, 20]);
  });

  it('writes nothing if a place cannot be listed, and zeros if there is nothing', async () => {
    site.addRuns(0, 5);
    expect((await run('--recover-migrate-state')).code).toBe(0);
    expect((await run('--recover-import-state')).code).toBe(0);
    expect(site.state('importer_state.json')).toEqual({ last_contiguous_run: 0, last_attempted_run: 0 });
    expect(failures('import')).toBe('');
    await run('--import-only');
    const state = site.state('migrator_state.json');
    await ucondb.stop();
    expect((await run('--recover-migrate-state')).code).toBe(1);
    expect(site.state('migrator_state.json')).toEqual(state);
  });

  it('warns of a source without runs, which may only be away, and loses none of them', async () => {
    site.addRuns(11, 12, 13);
    site.addRun(14, { 'Broken.fcl': 'a: [' });
    await run('--import-only');
    renameSync(site.runRecords, `${site.runRecords}.away`);
    mkdirSync(site.runRecords);
    const { code, stdout } = await run('--recover-import-state');
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining(`No runs found in ${site.runRecords}: if it`),
    ]);
    rmdirSync(site.runRecords);
    renameSync(`${site.runRecords}.away`, site.runRecords);
    rmSync(join(site.runRecords, '14', 'Broken.fcl'));
    expect((await run('--incremental')).code).toBe(0);
    expect(await ucondb.runs()).toEqual([11, 12, 13, 14]);
  });
});

describe('a selection of runs', () => {
  it('limits the stages to these runs, and leaves the others for later', async () => {
    site.addRuns(1, 2, 3, 4, 5);
    expect((await run('--incremental', '--runs', '2,4-9')).code).toBe(0);
    expect(await ucondb.runs()).toEqual([2, 4, 5]);
    expect((await run('--incremental', '--limit', '1')).stdout).toContain('Limited to 1 runs (--limit)');
    expect((await run('--incremental')).code).toBe(0);
    expect(await ucondb.runs()).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('a dry run', () => {
  it.each([
    ['--incremental'],
    ['--retry-failed-import'],
    ['--recover-import-state'],
    ['--recover-migrate-state'],
    ['--report-status'],
  ])('of %s says what would be done, and touches nothing', async (...flags) => {
    site.addRuns(1, 2);
    await run('--import-only', '--limit', '1');
    site.addFaultyRun(3);
    writeFileSync(join(site.work, 'import_failures.log'), '2\n');
    const before = everything();
    const { stdout } = await run(...flags, '--dry-run');
    expect(everything()).toEqual(before);
    expect(await ucondb.runs()).toEqual([]);
    expect(stdout).not.toBe('');
  });

  it('names files and warnings, and what would fail', async () => {
    site.addRuns(1);
    site.addFaultyRun(2);
    const { code, stdout } = await run('--dry-run');
    expect(code).toBe(1);
    expect(stdout).toContain('run 1 would be imported as 1/test1: ');
    expect(stdout).toMatch(/run 2 would fail: .*component01\.fcl, line 1/);
    expect(stdout).toContain('run 1 would be processed once the stage before has archived it');
    expect(existsSync(site.work)).toBe(false);
    expect(existsSync(site.database)).toBe(false);
  });
});

describe('a rehearsal of failures', () => {
  it('leaves skipped runs for later, and they never count as archived', async () => {
    site.configure(ucondb.url, { app_fuzz: { random_skip_percent: 100, seed: 5 } });
    site.addRuns(1, 2);
    const { code, stdout } = await run('--import-only');
    expect(code).toBe(0);
    expect(stdout).toContain('app_fuzz.seed: 5 repeats this rehearsal');
    expect(stdout).toContain('Run 1 is left for later: [FUZZ] skipped');
    expect(stdout).toContain('Batch processing complete: 0 successful, 0 failed, 2 not processed');
    expect((await run('--incremental')).code).toBe(0);
    expect(await ucondb.runs()).toEqual([1, 2]);
  });
});
