import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { account } from '../helpers/site.ts';
import { useSite } from '../helpers/use-site.ts';

const { site, ucondb, run, start } = useSite();
const replaces = () => site.configure(ucondb.url, { ucon_db: { replace_incomplete: true } });
const waits = (batchSize = 5) =>
  site.configure(ucondb.url, {
    app: { batch_size: batchSize },
    source_files: { wait_for_stop_time_hours: 24 },
  });

/** As DAQInterface writes it. */
function daqTime(hoursAgo: number): string {
  const [week, day, month, year, time] = new Date(Date.now() - hoursAgo * 3_600_000)
    .toUTCString()
    .replace(',', '')
    .split(' ');
  return `${week} ${month} ${day} ${time} UTC ${year}`;
}

const metadataOf = (number: number): string => join(site.runRecords, String(number), 'metadata.txt');

/** A run that is being taken since so many hours. */
function addGoing(number: number, hoursAgo = 1): void {
  const times = `DAQInterface start time: ${daqTime(hoursAgo)}\n`;
  site.addRun(number, { 'metadata.txt': `Config name: test\nComponent #0: component01\n\n${times}` });
}

function append(number: number, line: string): void {
  appendFileSync(metadataOf(number), `\n${line}\n`);
  utimesSync(metadataOf(number), 0, 0);
}

const stop = (number: number): void => append(number, `DAQInterface stop time: ${daqTime(0)}`);

/** Every file of the database but what this program keeps for itself. */
function database(): Map<string, string> {
  const files = new Map<string, string>();
  for (const collection of ['RunHistory', 'SystemLayout']) {
    for (const name of readdirSync(join(site.database, collection))) {
      files.set(`${collection}/${name}`, readFileSync(join(site.database, collection, name), 'utf8'));
    }
  }
  return files;
}

function changedFiles(before: ReadonlyMap<string, string>): string[] {
  const after = database();
  expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
  return [...after].filter(([name, text]) => before.get(name) !== text).map(([name]) => name);
}

/** Keys of all versions in UconDB; null if another version took it. */
async function keys(): Promise<(string | null)[]> {
  const answer = await fetch(`${ucondb.url}/versions?folder=${account.folder}&object=runs`);
  return ((await answer.json()) as { key: string | null }[]).map(({ key }) => key);
}

const amended = () => JSON.parse(site.read('amended_runs.json')).amended_runs;
const unfinished = () => JSON.parse(site.read('importer_unfinished.json')).unfinished_runs;

describe('a run that was archived while it was being taken', () => {
  beforeEach(async () => {
    addGoing(7);
    site.addRun(8, { 'metadata.txt': `DAQInterface start time: x\nDAQInterface stop time: y\n` });
    expect((await run('--incremental')).code).toBe(0);
    expect(unfinished()).toEqual(['7']);
  });

  it('gets its stop time in the document that it has, and nothing else changes', async () => {
    const before = database();
    expect((await run('--incremental')).code).toBe(0);
    expect(changedFiles(before)).toEqual([]);
    stop(7);
    const dry = await run('--dry-run');
    expect(dry.stdout).toContain('Dry run: run 7 would have a time added to artdaqDB');
    expect(changedFiles(before)).toEqual([]);
    const { code, stdout } = await run('--incremental');
    expect([code, stdout]).toEqual([0, expect.stringContaining('✓ Run 7: artdaqDB has its stop time now')]);
    const [changed = '', ...others] = changedFiles(before);
    expect([changed, others]).toEqual([expect.stringMatching(/^RunHistory\/[0-9a-f]{24}\.json$/), []]);
    const text = database().get(changed) ?? '';
    expect(text).toContain('DAQInterface_stop_time');
    const envelope = (json = '') => json.slice(json.indexOf('"origin"'));
    expect(envelope(text)).toBe(envelope(before.get(changed)));
    expect(unfinished()).toEqual([]);
    const after = database();
    await run('--incremental');
    expect(changedFiles(after)).toEqual([]);
    // Its blob stays as it is, and is told apart.
    const blob = await ucondb.blob(7);
    expect(blob).not.toContain('DAQInterface_stop_time');
    const verified = await run('--verify', '--json');
    expect(verified.code).toBe(1);
    expect(JSON.parse(verified.stdout).runs.find((each: { run: number }) => each.run === 7)).toMatchObject({
      different: ['RunHistory2.fcl'],
      stop_time_came_later: true,
    });
    expect(verified.stderr).toContain('its stop time came after its blob was stored');
    const status = await run('--report-status', '--json');
    expect(JSON.parse(status.stdout).stop_times).toMatchObject({
      missing: { total: 0 },
      missing_in_ucondb_only: { ranges: [{ first: 7, last: 7 }] },
    });
    expect(status.stderr).toContain('stop time in artdaqDB after their blob');
    expect(await keys()).toHaveLength(2);
  });

  it('has its blob replaced once if that is configured', async () => {
    stop(7);
    replaces();
    expect((await run('--incremental')).code).toBe(0);
    expect(await ucondb.blob(7)).toContain('DAQInterface_stop_time');
    expect((await run()).code).toBe(0);
    expect((await keys()).sort()).toEqual(['7', '8', null]);
    expect(amended()).toEqual([]);
    expect((await run('--verify')).code).toBe(0);
    expect((await run('--report-status')).stdout).not.toContain('stop time');
  });

  it('keeps a blob that differs in more, and reports an error', async () => {
    stop(7);
    await run('--import-only');
    for (const [name, text] of database()) {
      if (text.includes('"run" : "7"')) {
        writeFileSync(join(site.database, name), text.replace('"run" : "7"', '"run" : "0815"'));
      }
    }
    replaces();
    const { code, stdout } = await run('--migrate-only');
    expect([code, stdout]).toEqual([
      1,
      expect.stringMatching(/run 7 .*differs in more \(RunHistory2|component01/),
    ]);
    expect(await keys()).toHaveLength(2);
    expect(amended()).toEqual(['7']);
    expect(existsSync(join(site.work, 'migrate_failures.log'))).toBe(false);
  });

  it('never has a stop time replaced by another', async () => {
    stop(7);
    copyFileSync(join(site.work, 'importer_unfinished.json'), join(site.work, 'copy'));
    await run('--import-only');
    const before = database();
    copyFileSync(join(site.work, 'copy'), join(site.work, 'importer_unfinished.json'));
    writeFileSync(
      metadataOf(7),
      readFileSync(metadataOf(7), 'utf8').replace(/stop time: .*/, 'stop time: never'),
    );
    const { stdout } = await run('--import-only');
    expect(stdout).toContain('is left as it is; compare it with metadata.txt');
    expect(changedFiles(before)).toEqual([]);
    expect(unfinished()).toEqual([]);
  });

  it('ends correctly wherever the archiver was killed', async () => {
    stop(7);
    copyFileSync(join(site.work, 'importer_unfinished.json'), join(site.work, 'unfinished'));
    // Noted, but not yet amended.
    writeFileSync(join(site.work, 'amended_runs.json'), '{"amended_runs": ["7"]}\n');
    await run('--import-only');
    const stored = database();
    // Amended, but still among the unfinished.
    copyFileSync(join(site.work, 'unfinished'), join(site.work, 'importer_unfinished.json'));
    await run('--import-only');
    expect([amended(), unfinished(), changedFiles(stored)]).toEqual([['7'], [], []]);
    // And so it may be when the blob is replaced.
    copyFileSync(join(site.work, 'unfinished'), join(site.work, 'importer_unfinished.json'));
    copyFileSync(join(site.work, 'amended_runs.json'), join(site.work, 'noted'));
    replaces();
    await run();
    // Replaced, but still noted.
    copyFileSync(join(site.work, 'noted'), join(site.work, 'amended_runs.json'));
    await run();
    expect((await keys()).sort()).toEqual(['7', '8', null]);
    expect([amended(), unfinished(), changedFiles(stored)]).toEqual([[], [], []]);
  });

  it('has its blob replaced once even if the archiver is killed meanwhile', async () => {
    stop(7);
    replaces();
    const uploading = ucondb.hold();
    const archiver = start(['--incremental']);
    await uploading;
    archiver.kill('SIGKILL');
    await archiver.ended;
    ucondb.release();
    await expect.poll(keys, { timeout: 60_000 }).toContain(null);
    expect((await run('--incremental')).code).toBe(0);
    expect((await keys()).sort()).toEqual(['7', '8', null]);
    expect([amended(), await ucondb.blob(7)]).toEqual([[], expect.stringContaining('stop_time')]);
  });

  it('is nothing new if it has its stop time in artdaqDB already', async () => {
    writeFileSync(join(site.work, 'importer_unfinished.json'), '{"unfinished_runs": ["7-8"]}\n');
    const before = database();
    await run();
    expect([unfinished(), amended(), changedFiles(before)]).toEqual([['7'], [], []]);
  });

  it('needs no other blob if it was not in UconDB yet', async () => {
    addGoing(9);
    await run('--import-only');
    stop(9);
    await run('--import-only');
    expect(amended()).toEqual(['9']);
    await run();
    expect([amended(), await ucondb.blob(9)]).toEqual([[], expect.stringContaining('stop_time')]);
  });

  it('stays known when its directory is away, and whatever its age', async () => {
    const away = join(site.directory, 'away');
    renameSync(join(site.runRecords, '7'), away);
    addGoing(10, 400 * 24);
    expect((await run('--import-only')).code).toBe(0);
    expect(unfinished()).toEqual(['7', '10']);
    const missing = async () =>
      JSON.parse((await run('--report-status', '--json')).stdout).stop_times.missing.ranges;
    expect(await missing()).toEqual([{ first: 10, last: 10 }]);
    renameSync(away, join(site.runRecords, '7'));
    stop(7);
    stop(10);
    expect((await run('--import-only')).code).toBe(0);
    expect(unfinished()).toEqual([]);
  });
});

describe('a run that was archived without any time', () => {
  it('gets a RunHistory2 when a time appears, and its stop time in the same one', async () => {
    site.addRun(7, { 'metadata.txt': 'Config name: test\n' });
    const now = new Date();
    utimesSync(metadataOf(7), now, now);
    await run('--import-only');
    const count = database().size;
    append(7, `DAQInterface start time: ${daqTime(0)}`);
    await run('--import-only');
    expect(database().size).toBe(count + 1);
    const before = database();
    stop(7);
    await run('--import-only');
    expect(changedFiles(before)).toHaveLength(1);
    expect((await run()).code).toBe(0);
    expect(await ucondb.blob(7)).toMatch(/DAQInterface_start_time[^#]*DAQInterface_stop_time/);
  });
});

describe('source_files.wait_for_stop_time_hours', () => {
  it('leaves young runs without stop time for later, and archives others', async () => {
    for (const number of [1, 2, 3]) addGoing(number);
    for (const number of [4, 5, 6]) site.addRun(number);
    waits(2);
    const dry = await run('--dry-run', '--incremental');
    const line = /3 runs wait for their stop time \(source_files\.wait_for_stop_time_hours\): 1-3/;
    expect(dry.stdout).toMatch(line);
    const { code, stdout } = await run('--incremental');
    expect([code, stdout]).toEqual([0, expect.stringMatching(line)]);
    expect(await ucondb.runs()).toEqual([4, 5]);
    await run('--incremental');
    expect(await ucondb.runs()).toEqual([4, 5, 6]);
    expect(existsSync(join(site.work, 'import_failures.log')) ? site.read('import_failures.log') : '').toBe(
      '',
    );
    stop(2);
    await run('--incremental');
    expect(await ucondb.runs()).toEqual([2, 4, 5, 6]);
    expect((await run('--runs', '1,3')).code).toBe(0);
    expect(await ucondb.runs()).toEqual([2, 4, 5, 6]);
    stop(1);
    writeFileSync(
      metadataOf(3),
      readFileSync(metadataOf(3), 'utf8').replace(/time: .*/, `time: ${daqTime(25)}`),
    );
    await run('--incremental');
    expect(await ucondb.runs()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(unfinished()).toEqual(['3-6']);
    expect(site.state('importer_state.json')).toEqual({ last_contiguous_run: 6, last_attempted_run: 6 });
  });

  it('does not lose sight of a run that came late and is going still', async () => {
    site.addRuns(11, 12);
    waits();
    await run('--incremental');
    addGoing(5);
    await run('--incremental');
    await run('--incremental');
    expect(await ucondb.runs()).toEqual([11, 12]);
    stop(5);
    await run('--incremental');
    expect(await ucondb.runs()).toEqual([5, 11, 12]);
  });

  it('counts from the last change where there is no start time, or no metadata.txt', async () => {
    site.addRun(1, { 'metadata.txt': 'Config name: test\n' });
    site.addRun(2);
    rmSync(metadataOf(2));
    site.addRun(3, { 'metadata.txt': 'Start time: x\nStop time: y\n' });
    const now = new Date();
    for (const number of [1, 2, 3]) utimesSync(join(site.runRecords, String(number)), now, now);
    waits();
    expect((await run()).stdout).toContain('2 runs wait for their stop time');
    expect(await ucondb.runs()).toEqual([3]);
    for (const number of [1, 2]) utimesSync(join(site.runRecords, String(number)), 0, 0);
    await run();
    expect(await ucondb.runs()).toEqual([1, 2, 3]);
  });
});
