import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UconDbClient } from '../../src/ucondb/ucondb-client.ts';
import { ArchiverHere } from '../helpers/archiver-here.ts';
import { account } from '../helpers/site.ts';
import { useSite } from '../helpers/use-site.ts';

const { site, ucondb, run } = useSite({ app: { run_process_retries: 0 } });

const giveUp = (runs: string, ...flags: string[]) =>
  run('--give-up', runs, '--reason', 'the crew tested the trigger', ...flags);
const takeUp = (runs: string, ...flags: string[]) => run('--take-up', runs, ...flags);
const failures = (stage: 'import' | 'migrate') => {
  const path = join(site.work, `${stage}_failures.log`);
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
};
const notes = () => JSON.parse(site.read('given_up_runs.json')).given_up_runs;
const report = async () => JSON.parse((await run('--report-status', '--json')).stdout);
const page = async () => {
  const path = join(site.directory, 'page.html');
  await run('--report-status', '--html', path);
  return readFileSync(path, 'utf8');
};
const ranges = (...pairs: [number, number][]) => pairs.map(([first, last]) => ({ first, last }));
/** All that the archiver remembers, but for its log and its caches. */
const remembered = () =>
  readdirSync(site.work)
    .filter((name) => !/archiver\.log|artdaqdb_runs|ucondb_keys|last_execution/.test(name))
    .map((name) => [name, readFileSync(join(site.work, name), 'utf8')]);

/** Another program that writes to the same object. */
async function asAnother<T>(work: (client: UconDbClient) => Promise<T>): Promise<T> {
  const { folder: folderName, user: writerUser, password: writerPassword } = account;
  const server = { serverUrl: ucondb.url, folderName, objectName: 'runs', writerUser, writerPassword };
  const client = new UconDbClient({ ...server, timeoutSeconds: 5 });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

describe('a failed run that is given up', () => {
  it('leaves the failure log, and the note says who gave it up, when, why, and what it was', async () => {
    site.addRuns(1, 3);
    site.addFaultyRun(2);
    expect((await run('--incremental')).code).toBe(1);
    const { code, stdout } = await giveUp('2');
    expect([code, failures('import')]).toEqual([0, '']);
    expect(stdout).toContain('2: failed in the import stage (component01.fcl, line');
    expect(stdout).toContain('✓ 1 run(s) are given up: the crew tested the trigger');
    expect(notes()).toEqual([
      {
        runs: ['2'],
        by: expect.stringMatching(/^\w.*@./),
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        reason: 'the crew tested the trigger',
        import: {
          was: 'failed',
          reason: { time: expect.any(String), message: expect.stringContaining('component01.fcl, line') },
        },
        migrate: { was: 'new' },
        unequal: false,
      },
    ]);
  });

  it('is archived by no mode, not even once it is repaired, and --runs says so', async () => {
    site.addRuns(1, 3);
    site.addFaultyRun(2);
    await run('--incremental');
    await giveUp('2');
    site.repair(2);
    for (const flags of [['--incremental'], [], ['--retry-failed-import'], ['--retry-failed-migrate']]) {
      const { code, stdout } = await run(...flags);
      expect([code, stdout]).toEqual([0, expect.not.stringContaining('Processing run')]);
    }
    const asked = await run('--runs', '1-3');
    expect([asked.code, asked.stdout]).toEqual([0, expect.stringContaining('--take-up takes them up again')]);
    expect(asked.stdout).toContain(
      'Import Stage: 1 run(s) are given up, and left alone: 2 (the crew tested the trigger; ',
    );
    const dry = await run('--dry-run');
    expect(dry.stdout).toContain('Import Stage: dry run, nothing was changed: 0 would be processed');
    expect((await report()).places[1].runs.ranges).toEqual(ranges([1, 1], [3, 3]));
  });

  it('is no problem in text, JSON, page, verification and metrics', async () => {
    site.addRuns(1, 3);
    site.addFaultyRun(2);
    const metrics = join(site.directory, 'archiver.prom');
    site.configure(ucondb.url, { metrics: { textfile: metrics } });
    await run('--incremental');
    expect(readFileSync(metrics, 'utf8')).toContain('failure_log_runs{stage="import"} 1');
    await giveUp('2');
    const { stages, differences, given_up: givenUp, recommendations } = await report();
    expect([stages[0].failed.total, stages[0].skipped.total, differences.to_import.total]).toEqual([0, 0, 0]);
    expect(givenUp).toEqual([
      {
        runs: { total: 1, ranges: ranges([2, 2]) },
        by: expect.any(String),
        time: expect.any(String),
        reason: 'the crew tested the trigger',
        in_ucondb: { total: 0, ranges: [] },
      },
    ]);
    expect(recommendations.map(({ level, text }: { level: string; text: string }) => [level, text])).toEqual([
      ['info', 'All systems are synchronized - no action needed'],
      ['info', expect.stringContaining('archived without stop time')],
      [
        'info',
        expect.stringContaining(
          'INFO: 1 run(s) are given up, and left alone until --take-up: 2 (the crew tested the trigger; ',
        ),
      ],
    ]);
    const html = await page();
    expect(html).toContain('All places are in step');
    expect(html).toContain('ArtdaqDB: given up');
    await run('--incremental');
    expect(readFileSync(metrics, 'utf8')).toContain('failure_log_runs{stage="import"} 0');
    expect((await run('--verify')).code).toBe(0);
  });

  it('is in the failure log again once it is taken up, with the time and the reason of its failure', async () => {
    site.addRuns(1, 3);
    site.addFaultyRun(2);
    await run('--incremental');
    const [before, reasons] = [failures('import'), site.read('import_failure_reasons.json')];
    await giveUp('2');
    expect(JSON.parse(site.read('import_failure_reasons.json'))).toEqual({});
    const { code, stdout } = await takeUp('2');
    expect([code, stdout]).toEqual([0, expect.stringContaining('2: back in the import failure log')]);
    expect([failures('import'), site.read('import_failure_reasons.json'), notes()]).toEqual([
      before,
      reasons,
      [],
    ]);
    site.repair(2);
    expect((await run('--retry-failed-import')).code).toBe(0);
    expect((await run('--incremental')).code).toBe(0);
    expect((await report()).places[2].runs.ranges).toEqual(ranges([1, 3]));
  });

  it('stays given up in a recovery', async () => {
    site.addRuns(1, 3);
    site.addFaultyRun(2);
    await run('--incremental');
    await giveUp('2');
    const { code, stdout } = await run('--recover-import-state');
    expect([code, failures('import')]).toEqual([0, '']);
    expect(stdout).toContain('Given up, and left so: 2');
    await takeUp('2');
    expect(failures('import')).toBe('2\n');
  });

  it('stays so for an execution that finds the line of a killed --give-up in the failure log', async () => {
    site.addRuns(1, 3);
    site.addFaultyRun(2);
    await run('--incremental');
    await giveUp('2');
    writeFileSync(join(site.work, 'import_failures.log'), '2\n');
    expect((await report()).stages[0].failed.total).toBe(0);
    expect((await run('--incremental')).code).toBe(0);
    expect(failures('import')).toBe('');
  });
});

describe('runs of other kinds that are given up', () => {
  it('were not tried yet: the position passes them, and taken up they are archived', async () => {
    site.addRuns(1, 2, 3);
    expect((await giveUp('2')).stdout).toContain('2: not archived yet');
    expect((await run('--incremental')).code).toBe(0);
    expect(site.state('importer_state.json')).toMatchObject({ last_attempted_run: 3 });
    expect((await report()).places[2].runs.ranges).toEqual(ranges([1, 1], [3, 3]));
    expect((await takeUp('2')).stdout).toContain('2: for the next executions');
    expect((await run('--incremental')).code).toBe(0);
    expect((await report()).places[2].runs.ranges).toEqual(ranges([1, 3]));
  });

  it('wait: they stop failing executions, and taken up they wait again with what is known of them', async () => {
    site.addRuns(1, 2);
    await run('--import-only');
    site.configure('http://127.0.0.1:1', { ucon_db: { timeout_seconds: 1 } });
    await run('--migrate-only');
    const waiting = {
      place: 'UconDB read',
      fault: 'unknown',
      cause: 'it broke',
      since: '2026-11-24T15:28:15.300Z',
    };
    const entry = { ...waiting, cycles: 3, successes: 1, undecided: true };
    writeFileSync(
      join(site.work, 'migrate_waiting.json'),
      JSON.stringify({ waiting_runs: { '2': entry }, postponed_runs: { copying: ['1'] } }),
    );
    site.configure(ucondb.url, { ucon_db: { timeout_seconds: 1 } });
    expect((await giveUp('1,2')).stdout).toContain(
      '2: waiting for the migrate stage (UconDB read: it broke)',
    );
    expect(JSON.parse(site.read('migrate_waiting.json'))).toMatchObject({
      waiting_runs: {},
      postponed_runs: { copying: [] },
    });
    expect((await run('--incremental')).code).toBe(0);
    expect((await report()).places[2].runs.total).toBe(0);
    expect((await takeUp('1-2')).stdout).toContain('2: waiting for the migrate stage again');
    expect(JSON.parse(site.read('migrate_waiting.json')).waiting_runs).toEqual({
      '2': { ...entry, undecided: false },
    });
    expect((await run('--incremental')).code).toBe(0);
    expect((await report()).places[2].runs.ranges).toEqual(ranges([1, 2]));
  });

  it('differ in UconDB: they never count as archived, and taken up they fail again until they are equal', async () => {
    site.addRuns(1, 2);
    await run();
    const whole = await asAnother(async (client) => {
      const blob = await client.get(2);
      await client.replace(2, blob.subarray(0, -40));
      return blob;
    });
    expect((await run('--verify')).code).toBe(1);
    writeFileSync(join(site.work, 'migrate_failures.log'), '2\n');
    expect((await run('--incremental')).code).toBe(1);
    expect((await giveUp('2')).stdout).toContain('its blob in UconDB differs');
    expect([failures('migrate'), JSON.parse(site.read('unequal_runs.json')).unequal_runs]).toEqual(['', []]);
    for (const flags of [['--incremental'], [], ['--retry-failed-migrate'], ['--verify']]) {
      expect([flags, (await run(...flags)).code]).toEqual([flags, 0]);
    }
    expect((await report()).places[2].runs.ranges).toEqual(ranges([1, 1]));
    expect((await run('--recover-migrate-state')).code).toBe(0);
    expect(failures('migrate')).toBe('');
    const database = `${site.database}.before`;
    renameSync(site.database, database);
    const rebuilt = await run('--restore', '1-2', '--to-artdaqdb');
    expect([rebuilt.code, rebuilt.stdout]).toEqual([
      0,
      expect.stringContaining('Rebuild: 1 run(s) are given up, and left alone: 2'),
    ]);
    expect((await report()).places[1].runs.ranges).toEqual(ranges([1, 1]));
    rmSync(site.database, { recursive: true });
    renameSync(database, site.database);
    await takeUp('2');
    expect([failures('migrate'), JSON.parse(site.read('unequal_runs.json')).unequal_runs]).toEqual([
      '2\n',
      ['2'],
    ]);
    expect((await run('--incremental')).code).toBe(1);
    await asAnother((client) => client.replace(2, whole));
    expect((await run('--retry-failed-migrate')).code).toBe(0);
    expect((await report()).places[2].runs.ranges).toEqual(ranges([1, 2]));
  });

  it('were uploaded and not compared: they are left alone, and their key does not count', async () => {
    site.addRuns(1, 2);
    await run();
    const place = { server: ucondb.url, folder: account.folder, object: 'runs' };
    const noted = JSON.stringify({ uncompared_runs: [{ ...place, runs: ['2'] }] });
    writeFileSync(join(site.work, 'uncompared_runs.json'), noted);
    expect((await giveUp('2')).code).toBe(0);
    for (const flags of [['--incremental'], [], ['--recover-migrate-state']]) {
      expect([flags, (await run(...flags)).code]).toEqual([flags, 0]);
      expect(JSON.parse(site.read('uncompared_runs.json'))).toEqual(JSON.parse(noted));
    }
    expect((await report()).places[2].runs.ranges).toEqual(ranges([1, 1]));
    await takeUp('2');
    expect((await run('--incremental')).stdout).toContain('✓ Run 2 migrated and verified successfully');
    expect((await report()).places[2].runs.ranges).toEqual(ranges([1, 2]));
  });

  it('turn up in UconDB: they count as archived', async () => {
    site.addRuns(1);
    site.addFaultyRun(2);
    await run();
    await giveUp('2');
    await asAnother(async (client) => client.put(2, await client.get(1)));
    const { places, recommendations, given_up: givenUp } = await report();
    expect(places[2].runs.total).toBe(2);
    expect(JSON.stringify(recommendations)).not.toContain('given up');
    expect(givenUp[0].in_ucondb).toEqual({ total: 1, ranges: ranges([2, 2]) });
  });
});

describe('skipped history', () => {
  it('is acknowledged as a whole, stays skipped, and is found again once it is taken up', async () => {
    site.addRuns(1, 2, 3, 7, 8);
    await run('--import-only', '--runs', '7');
    writeFileSync(join(site.work, 'importer_state.json'), '{"last_attempted_run": 7}');
    await run('--incremental');
    expect(await page()).toContain('3 runs to look at');
    const { code, stdout } = await giveUp('skipped');
    expect([code, stdout]).toEqual([0, expect.stringContaining('1-3: skipped by the import stage')]);
    expect(stdout).toContain('--take-up skipped undoes it');
    expect(await page()).toContain('All places are in step');
    expect(JSON.stringify((await report()).recommendations)).not.toContain('run once without it');
    expect((await run()).stdout).not.toContain('Processing run');
    expect((await giveUp('skipped')).stdout).toContain('No run is skipped: nothing to give up');
    expect((await takeUp('skipped')).code).toBe(0);
    expect((await run('--incremental')).stdout).not.toContain('Processing run');
    expect((await report()).stages[0].skipped.ranges).toEqual(ranges([1, 3]));
    expect((await takeUp('skipped')).stdout).toContain('No skipped run is given up: nothing to take up');
  });

  it('has no run that artdaqDB has lost, and no run at all while all are lost', async () => {
    site.addRuns(1, 2, 3);
    expect((await run('--incremental')).code).toBe(0);
    const database = `${site.database}.before`;
    renameSync(site.database, database);
    const reported = await run('--report-status');
    expect(reported.stdout).toContain('(1-3); run once without it to import them');
    expect(reported.stdout).not.toContain('--give-up');
    for (const runs of ['skipped', '1-3']) {
      const { code, stdout } = await giveUp(runs);
      expect([code, stdout]).toEqual([
        1,
        expect.stringContaining('No runs found in artdaqDB, but the state says that runs up to 3 are there'),
      ]);
    }
    expect((await run('--restore', '1-2', '--to-artdaqdb')).code).toBe(0);
    expect((await giveUp('skipped')).stdout).toContain('No run is skipped: nothing to give up');
    expect((await giveUp('3')).stdout).toContain('3: skipped by the import stage');
  });

  it('has no run whose blob is still to be compared', async () => {
    site.addRuns(1, 2, 3);
    expect((await run('--incremental')).code).toBe(0);
    const place = { server: ucondb.url, folder: account.folder, object: 'runs' };
    const uncompared = JSON.stringify({ uncompared_runs: [{ ...place, runs: ['2'] }] });
    writeFileSync(join(site.work, 'uncompared_runs.json'), uncompared);
    expect((await giveUp('skipped')).stdout).toContain('No run is skipped: nothing to give up');
    expect((await run('--incremental')).stdout).toContain('Run 2 migrated and verified successfully');
  });
});

describe('what can be given up', () => {
  it('is known now and not archived well; with any other number nothing is written', async () => {
    site.addRuns(1, 3);
    site.addFaultyRun(2);
    await run('--incremental');
    const before = remembered();
    const archived = await giveUp('2-3');
    expect([archived.code, archived.stdout]).toEqual([
      1,
      expect.stringContaining(
        'Nothing was given up: 3: archived, and in order. The others could be given up: --give-up 2',
      ),
    ]);
    const slip = await giveUp('2,20000-9007199254740991');
    expect([slip.code, slip.stdout]).toEqual([
      1,
      expect.stringContaining('no run 20000-9007199254740991 is known (neither in the run records'),
    ]);
    const other = await takeUp('2');
    expect([other.code, other.stdout]).toEqual([
      1,
      expect.stringContaining('Nothing was taken up: 2 is not given up'),
    ]);
    expect((await giveUp('2', '--dry-run')).stdout).toContain(
      'Dry run: nothing was written. 1 run(s) would be',
    );
    expect(remembered()).toEqual(before);
    await giveUp('2');
    const given = remembered();
    expect((await takeUp('2', '--dry-run')).stdout).toContain('1 run(s) would be taken up');
    expect(remembered()).toEqual(given);
  });

  it('may be given up once more for a better reason, and remains what it was', async () => {
    site.addFaultyRun(2);
    await run('--incremental');
    await giveUp('2');
    expect((await run('--give-up', '2', '--reason', 'no beam')).code).toBe(0);
    expect(notes()).toMatchObject([{ runs: ['2'], reason: 'no beam', import: { was: 'failed' } }]);
  });

  it('is decided by one program at a time', async () => {
    site.addRuns(1);
    const uploading = ucondb.hold();
    const archiver = new ArchiverHere([site.config, '--incremental']);
    await uploading;
    expect(await giveUp('1')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('Another archiver is running'),
    });
    ucondb.release();
    expect((await archiver.ended).code).toBe(0);
    expect(remembered().map(([name]) => name)).not.toContain('given_up_runs.json');
  });

  it('cannot be told without a readable record, which nobody but people can write', async () => {
    site.addFaultyRun(2);
    await run('--incremental');
    await giveUp('2');
    const record = join(site.work, 'given_up_runs.json');
    writeFileSync(record, '{"given_up_runs": [{');
    for (const flags of [
      ['--incremental'],
      ['--take-up', '2'],
      ['--recover-import-state'],
      ['--report-status'],
    ]) {
      const { code, stdout } = await run(...flags);
      expect([flags, code, stdout]).toEqual([
        flags,
        1,
        expect.stringMatching(
          /record of given-up runs .*given_up_runs\.json can't be understood: it is not JSON/,
        ),
      ]);
    }
    expect(readFileSync(record, 'utf8')).toBe('{"given_up_runs": [{');
    rmSync(record);
    expect((await report()).stages[0].skipped.ranges).toEqual(ranges([2, 2]));
    expect((await giveUp('2')).stdout).toContain('2: skipped by the import stage');
  });
});
