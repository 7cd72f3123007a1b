import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FilesystemDb } from '../../src/artdaqdb/filesystem/filesystem-db.ts';
import { UconDbClient } from '../../src/ucondb/ucondb-client.ts';
import { ArchiverHere } from '../helpers/archiver-here.ts';
import { account } from '../helpers/site.ts';
import { useSite } from '../helpers/use-site.ts';

const { site, ucondb, run } = useSite();
const database = () => new FilesystemDb(site.database);
const loseDatabase = () => rmSync(site.database, { recursive: true });
const rebuild = (runs: string, ...flags: string[]) => run('--restore', runs, '--to-artdaqdb', ...flags);
const unfinished = () => JSON.parse(site.read('importer_unfinished.json')).unfinished_runs;
const notes = (): { runs: string[] }[] => JSON.parse(site.read('rebuild_uncompared.json')).rebuild_uncompared;
const noted = () => notes().flatMap(({ runs }) => runs);

const START = 'DAQInterface start time: Thu Oct 24 15:30:00 UTC 2024\n';
const STOP = 'DAQInterface stop time: Thu Oct 24 15:40:00 UTC 2024\n';
const FINISHED = { 'metadata.txt': `Config name: physics\nComponent #0: component01\n\n${START}${STOP}` };
/** artdaqDB takes what follows the // for a comment. */
const ODD = {
  'environment.txt': 'export A=\nexport URL=http://x//y\n',
  'setup.txt': 'export X=""\n# "b" c\n',
};

/** Archives finished runs, and loses artdaqDB. */
async function lostRuns(...numbers: readonly number[]): Promise<void> {
  for (const number of numbers) site.addRun(number, FINISHED);
  expect((await run()).code).toBe(0);
  loseDatabase();
}

/** Stores something under the key of a run. */
async function putBlob(number: number, blob: string): Promise<void> {
  const { folder: folderName, user: writerUser, password: writerPassword } = account;
  const server = { serverUrl: ucondb.url, folderName, objectName: 'runs', writerUser, writerPassword };
  const client = new UconDbClient({ ...server, timeoutSeconds: 5 });
  await client.put(number, Buffer.from(blob));
  await client.close();
}

/** Changes what artdaqDB holds of a run. */
function falsify(number: number): void {
  const directory = join(site.database, 'RunHistory');
  const paths = readdirSync(directory).map((name) => join(directory, name));
  const path = paths.find((each) => readFileSync(each, 'utf8').includes(`"run" : "${number}"`)) ?? '';
  writeFileSync(path, readFileSync(path, 'utf8').replace(`"run" : "${number}"`, '"run" : "0815"'));
}

describe('a lost artdaqDB', () => {
  it('is rebuilt from UconDB alone, so that nothing is left to be done', async () => {
    site.addRuns(1, 3);
    site.addRun(4, FINISHED);
    site.addRun(6, { ...FINISHED, ...ODD });
    expect((await run('--incremental')).code).toBe(0);
    const content = async () => {
      const db = database();
      const runs = await db.listRuns();
      return Promise.all(
        runs.map(async (each) => [each, await db.configurationOf(each), await db.export(each)]),
      );
    };
    const before = await content();
    loseDatabase();
    const report = await run('--report-status');
    expect(report.stdout).toContain('--restore 1,3-4,6 --to-artdaqdb');
    const { code, stdout } = await rebuild('1-10');
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining('4 runs are in artdaqDB and equal to their blobs'),
    ]);
    expect(await content()).toEqual(before);
    expect([noted(), unfinished()]).toEqual([[], ['1', '3']]);
    const further = [
      '--incremental',
      '--verify',
      '--recover-import-state',
      '--recover-migrate-state',
      '--incremental',
    ];
    for (const flag of further) {
      const next = await run(flag);
      expect([flag, next.code, next.stdout]).toEqual([flag, 0, expect.not.stringContaining('WARNING')]);
    }
    expect((await rebuild('1-10')).stdout).toContain(
      '4 runs are in artdaqDB already and stay as they are: 1, 3-4, 6',
    );
  });

  it('is rebuilt without run directories and without a work directory', async () => {
    await lostRuns(1, 2);
    rmSync(site.work, { recursive: true });
    rmSync(site.runRecords, { recursive: true });
    expect((await rebuild('1-2')).code).toBe(0);
    for (const flag of ['--recover-migrate-state', '--verify', '--migrate-only'])
      expect((await run(flag)).code).toBe(0);
    expect(site.state('migrator_state.json')).toMatchObject({ last_contiguous_run: 2 });
  });

  it('gets the stop time of a run that was rebuilt without it', async () => {
    site.addRun(5, { 'metadata.txt': `Config name: physics\n\n${START}` });
    await run();
    loseDatabase();
    rmSync(join(site.work, 'importer_unfinished.json'));
    expect((await rebuild('5')).code).toBe(0);
    expect(unfinished()).toEqual(['5']);
    rmSync(join(site.runRecords, '5'), { recursive: true });
    site.addRun(5, { 'metadata.txt': `Config name: physics\n\n${START}${STOP}` });
    expect((await run('--incremental')).stdout).toContain('artdaqDB has its stop time now');
    expect(unfinished()).toEqual([]);
  });

  it('keeps the runs that are there, and takes as many of the others as --limit says', async () => {
    await lostRuns(1, 2, 3);
    site.repair(2);
    expect((await run('--import-only', '--runs', '2')).code).toBe(0);
    const dry = await rebuild('1-3', '--dry-run', '--limit', '1');
    expect([dry.code, dry.stdout]).toEqual([
      0,
      expect.stringMatching(/run 1 would be stored as 1\/physics: .*schema\.fcl/),
    ]);
    expect(await database().listRuns()).toEqual([2]);
    expect(existsSync(join(site.work, 'rebuild_uncompared.json'))).toBe(false);
    const limited = await rebuild('1-3', '--limit', '1', '--configuration', 'mine');
    expect([limited.code, limited.stdout]).toEqual([0, expect.stringContaining('1 are left')]);
    expect(await database().configurationOf(1)).toBe('mine');
    expect((await rebuild('1-3')).code).toBe(0);
    expect(await Promise.all([1, 2, 3].map((each) => database().configurationOf(each)))).toEqual([
      'mine',
      'test2',
      'physics',
    ]);
  });

  it('gets nothing of a run whose blob would not come back, and says which file it is', async () => {
    await lostRuns(1, 2);
    const blob = (await ucondb.blob(1)).replaceAll('Run Number: 1\n', 'Run Number: 3\n');
    await putBlob(3, blob.replace('debug_level: 1 ', 'debug_level:  1 '));
    await putBlob(4, blob);
    await putBlob(5, 'damaged');
    const { code, stdout } = await rebuild('1-5,8-9,7');
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /✗ Run 3 failed .*run 3 can't be rebuilt: .*boot\.fcl, line \d+.*Nothing was stored/,
    );
    expect(stdout).toMatch(/✗ Run 4 failed .*that of run 3/);
    expect(stdout).toMatch(/✗ Run 5 failed .*not a run record/);
    expect(stdout).toContain('not in UconDB: 8-9, 7 (--restore)');
    expect(stdout).toContain('failed: 3-5');
    expect(await database().listRuns()).toEqual([1, 2]);
    expect(noted()).toEqual([]);
    expect((await rebuild('1', '--configuration', 'a/b')).stdout).toContain(
      "under the configuration name 'a/b'",
    );
  });

  it('gets no run whose blob was not found equal since its upload', async () => {
    await lostRuns(1, 2);
    const uncompared = join(site.work, 'uncompared_runs.json');
    const place = { server: ucondb.url, folder: account.folder, object: 'runs' };
    writeFileSync(uncompared, JSON.stringify({ uncompared_runs: [{ ...place, runs: ['2'] }] }));
    const { code, stdout } = await rebuild('1-2');
    expect([code, stdout]).toEqual([
      1,
      expect.stringContaining("so they don't count: 2; import these runs again"),
    ]);
    expect(await database().listRuns()).toEqual([1]);
  });

  it('first gets the comparison that an earlier execution could not make', async () => {
    await lostRuns(1, 2, 3);
    expect((await rebuild('1-2')).code).toBe(0);
    const place = {
      database: `filesystemdb://${site.database}`,
      server: ucondb.url,
      folder: account.folder,
      object: 'runs',
    };
    const note = {
      rebuild_uncompared: [
        { ...place, runs: ['1-3'] },
        { ...place, object: 'other', runs: ['7'] },
      ],
    };
    writeFileSync(join(site.work, 'rebuild_uncompared.json'), JSON.stringify(note));
    falsify(2);
    const { code, stdout } = await rebuild('3');
    expect(code).toBe(1);
    expect(stdout).toContain(
      '2 runs were stored from their blobs, but not compared since; they are compared first: 1-2',
    );
    expect(stdout).toMatch(/✗ Run 2 failed .*different content.*component01\.fcl/);
    expect(await database().listRuns()).toEqual([1, 2, 3]);
    expect(noted()).toEqual(['7', '2']);
    expect((await run('--verify', '--runs', '1-3')).stdout).toContain('✗ Run 2 differs');
    expect((await run('--report-status')).stdout).toContain(
      '1 run(s) were stored in artdaqDB from their blobs, but not compared since (2)',
    );
    rmSync(join(site.work, 'rebuild_uncompared.json'));
    writeFileSync(join(site.work, 'rebuild_uncompared.json'), '{');
    expect(await rebuild('3')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("can't be understood"),
    });
  });

  it('gets no run that somebody gave up', async () => {
    await lostRuns(1, 2);
    const archived = { was: 'archived' };
    const note = { runs: ['2'], by: 'me@here', time: '2026-11-24T15:28:15.300Z', reason: 'junk' };
    const notes = { given_up_runs: [{ ...note, import: archived, migrate: archived }] };
    writeFileSync(join(site.work, 'given_up_runs.json'), JSON.stringify(notes));
    const { code, stdout } = await rebuild('1-2');
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining('1 run(s) are given up, and left alone: 2 (junk;'),
    ]);
    expect(await database().listRuns()).toEqual([1]);
  });

  it('names the runs that differed when they were compared last', async () => {
    await lostRuns(1, 2);
    writeFileSync(join(site.work, 'unequal_runs.json'), JSON.stringify({ unequal_runs: ['2'] }));
    const { code, stdout } = await rebuild('1-2');
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining('when they were compared last: 2; what artdaqDB'),
    ]);
    expect(JSON.parse(site.read('unequal_runs.json'))).toEqual({ unequal_runs: [] });
  });

  it('takes runs off the failure log and the list of waiting runs of the import', async () => {
    await lostRuns(1, 2);
    writeFileSync(join(site.work, 'import_failures.log'), '1\n2\n9\n');
    const waiting = {
      place: 'artdaqDB write',
      fault: 'site',
      cause: 'x',
      since: '2026-11-24T15:28:15.300Z',
      cycles: 1,
      successes: 0,
      undecided: false,
    };
    writeFileSync(
      join(site.work, 'import_waiting.json'),
      JSON.stringify({ waiting_runs: { 1: waiting, 8: waiting } }),
    );
    expect((await rebuild('1-2')).code).toBe(0);
    expect(site.read('import_failures.log')).toBe('9\n');
    expect(Object.keys(JSON.parse(site.read('import_waiting.json')).waiting_runs)).toEqual(['8']);
  });

  it('is continued where a stop came, by the same command', async () => {
    await lostRuns(1, 2, 3, 4, 5, 6);
    site.configure(ucondb.url, { app: { parallel_workers: 1 }, ucon_db: { max_in_flight: 1 } });
    const stopped = new ArchiverHere([site.config, '--restore', '1-6', '--to-artdaqdb']);
    await stopped.says('Run 1: stored in artdaqDB');
    stopped.kill('SIGTERM');
    const { code, stdout } = await stopped.ended;
    expect([code, stdout]).toEqual([130, expect.stringContaining('the same command continues')]);
    const there = await database().listRuns();
    expect(there.length).toBeLessThan(6);
    expect(noted()).not.toEqual([]);
    const second = await rebuild('1-6');
    expect([second.code, second.stdout]).toEqual([0, expect.stringContaining('they are compared first')]);
    expect([await database().listRuns(), noted()]).toEqual([[1, 2, 3, 4, 5, 6], []]);
  });

  it('leaves alone what another program stores meanwhile', async () => {
    await lostRuns(1);
    const blob = await ucondb.blob(1);
    const others = Array.from({ length: 32 }, (_, index) => index + 2);
    for (const number of others) {
      await putBlob(number, blob.replaceAll('Run Number: 1\n', `Run Number: ${number}\n`));
    }
    const archiver = new ArchiverHere([site.config, '--restore', '1-33', '--to-artdaqdb']);
    await archiver.says('Run 1: stored in artdaqDB');
    const documents = [
      { name: 'other.fcl', text: 'a: 1\n' },
      { name: 'schema.fcl', text: 'b: 1\n' },
    ];
    const other = database();
    await other.insert(33, 'theirs', documents);
    await other.close();
    const { code, stdout } = await archiver.ended;
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining('stored these runs meanwhile, so they stay: 33'),
    ]);
    expect(await database().configurationOf(33)).toBe('theirs');
  });

  it('takes the lock, and ends after a few runs while UconDB is away', async () => {
    await lostRuns(1, 2);
    const archiver = new ArchiverHere([site.config, '--restore', '1', '--to-artdaqdb']);
    await archiver.says('Found 0 runs in ArtdaqDB');
    const other = await rebuild('2');
    expect([other.code, (await archiver.ended).code]).toEqual([1, 0]);
    await ucondb.stop();
    const away = await rebuild('1-2');
    expect(away.code).toBe(1);
    expect(await database().listRuns()).toEqual([1]);
  });
});
