import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UconDbClient } from '../../src/ucondb/ucondb-client.ts';
import type { Ended } from '../helpers/archiver-process.ts';
import { ReadBackProxy } from '../helpers/read-back-proxy.ts';
import { account } from '../helpers/site.ts';
import { useSite } from '../helpers/use-site.ts';

const { site, ucondb, run } = useSite();
let proxy: ReadBackProxy;
/** Runs that were imported, one entry each time. */
let imported: number[];

/** The archiver's only way to UconDB is the proxy, and it tries each run once. */
beforeEach(async () => {
  proxy = new ReadBackProxy();
  await proxy.start(ucondb.url);
  site.configure(proxy.url, { app: { run_process_retries: 0 } });
  imported = [];
});

afterEach(async () => {
  await proxy.close();
});

async function archiver(...flags: string[]): Promise<Ended> {
  const ended = await run(...flags);
  const lines = ended.stdout.matchAll(/✓ Run (\d+) imported successfully/g);
  imported.push(...[...lines].map(([, number]) => Number(number)));
  return ended;
}

async function code(...flags: string[]): Promise<number | null> {
  return (await archiver(...flags)).code;
}

const giveUp = (runs: string) => archiver('--give-up', runs, '--reason', 'the crew tested the trigger');
const failures = (stage: 'import' | 'migrate') => {
  const name = `${stage}_failures.log`;
  return existsSync(join(site.work, name)) ? site.read(name).trim().split('\n').join(' ') : '';
};
const unequal = () => JSON.parse(site.read('unequal_runs.json')).unequal_runs;
const write = (name: string, text: string) => writeFileSync(join(site.work, name), text);

/** Adds a run that has a stop time. */
function addEnded(...runs: number[]): void {
  for (const number of runs) site.addRun(number, { 'metadata.txt': metadata(number) });
}

function metadata(number: number): string {
  return (
    `Config name: test${number}\nComponent #0: component01\n\nDAQInterface start time: Thu Oct 24 15:30:00 UTC 2024\n` +
    'DAQInterface stop time: Thu Oct 24 16:30:00 UTC 2024\n'
  );
}

/** A run that was archived without a stop time has one now. */
function end(number: number): void {
  rmSync(join(site.runRecords, String(number)), { recursive: true });
  addEnded(number);
}

/** Cuts the blob of a run. */
async function cut(number: number): Promise<void> {
  const { folder: folderName, user: writerUser, password: writerPassword } = account;
  const server = { serverUrl: ucondb.url, folderName, objectName: 'runs', writerUser, writerPassword };
  const client = new UconDbClient({ ...server, timeoutSeconds: 5 });
  try {
    await client.replace(number, (await client.get(number)).subarray(0, -40));
  } finally {
    await client.close();
  }
}

/** Runs 1 and 2 are skipped history, 3 and 4 archived, 5 and 6 failed, 7 has no stop time yet. */
async function makeHistory(): Promise<void> {
  addEnded(1, 2, 3, 4);
  site.addFaultyRun(5);
  site.addFaultyRun(6);
  site.addRun(7);
  mkdirSync(site.work);
  write('importer_state.json', '{"last_attempted_run": 2}');
  expect(await code('--incremental')).toBe(1);
  expect((await giveUp('skipped')).code).toBe(0);
}

const lose = () => rmSync(site.work, { recursive: true });
/** The copy of the work directory that {@link copyBack} puts back. */
const copy = () => cpSync(site.work, `${site.work}.copy`, { recursive: true });
function copyBack(): void {
  lose();
  renameSync(`${site.work}.copy`, site.work);
}

/** As the guide says: all runs are looked at for a stop time, and `--verify` begins a new round. */
function lookAtAllRuns(): void {
  write('importer_unfinished.json', '{"unfinished_runs": ["1-9999"]}');
  rmSync(join(site.work, 'verified_runs.json'), { force: true });
}

/** Each of these runs, and no other, was imported and uploaded, and only once. */
async function expectArchivedOnce(...runs: number[]): Promise<void> {
  expect(imported.toSorted((a, b) => a - b)).toEqual(runs);
  expect(proxy.sent.toSorted((a, b) => a - b)).toEqual(runs);
  expect(await ucondb.runs()).toEqual(runs);
}

describe('a work directory that is lost', () => {
  it('is made again by the commands of the guide, and no run is archived twice or left out', async () => {
    await makeHistory();
    await giveUp('6');
    addEnded(8, 9, 11);
    expect(await code('--incremental')).toBe(0);
    await cut(9);
    expect(await code('--verify')).toBe(1);
    lose();
    end(7);
    addEnded(10, 12);

    expect(await code('--recover-import-state')).toBe(0);
    expect(await code('--recover-migrate-state')).toBe(0);
    expect([failures('import'), failures('migrate')]).toEqual(['1 2 5 6 10', '']);
    expect((await giveUp('1-2,6')).code).toBe(0);
    lookAtAllRuns();
    expect(await code('--retry-failed-import')).toBe(1);
    expect(await code('--incremental')).toBe(0);
    expect(await code('--retry-failed-migrate')).toBe(0);
    proxy.read.length = 0;
    const verified = await archiver('--verify', '--with-files');

    await expectArchivedOnce(3, 4, 7, 8, 9, 10, 11, 12);
    expect([failures('import'), failures('migrate')]).toEqual(['5', '']);
    expect(site.read('import_failure_reasons.json')).toContain('component01.fcl, line 1');
    // The blob of run 7 was stored before its stop time came, and that of run 9 was cut.
    expect(proxy.read.toSorted((a, b) => a - b)).toEqual([3, 4, 7, 8, 9, 10, 11, 12]);
    expect([verified.code, unequal()]).toEqual([1, ['7', '9']]);
    expect(verified.stdout).toContain('its stop time came after its blob was stored');
    expect(site.state('importer_state.json')).toMatchObject({ last_attempted_run: 12 });
    expect(JSON.parse(site.read('importer_unfinished.json')).unfinished_runs).not.toContain('7');
  });

  it('is no reason to archive anything twice if an execution came first, which also takes skipped and given-up runs', async () => {
    await makeHistory();
    await giveUp('6');
    addEnded(8);
    await giveUp('8');
    lose();

    expect(await code('--incremental')).toBe(1);
    await expectArchivedOnce(1, 2, 3, 4, 7, 8);
    expect(failures('import')).toBe('5 6');

    expect(await code('--recover-import-state')).toBe(0);
    expect(await code('--recover-migrate-state')).toBe(0);
    await giveUp('6');
    lookAtAllRuns();
    expect(await code('--retry-failed-import')).toBe(1);
    expect(await code('--incremental')).toBe(0);
    expect(await code('--verify')).toBe(0);
    await expectArchivedOnce(1, 2, 3, 4, 7, 8);
    expect(failures('import')).toBe('5');
  });
});

describe('an old copy of the work directory', () => {
  it('is brought up to date by the commands of the guide, and no run is archived twice or left out', async () => {
    await makeHistory();
    site.addRun(8);
    await giveUp('8');
    expect(await code('--verify', '--limit', '1')).toBe(0);
    copy();
    expect((await archiver('--take-up', '8')).code).toBe(0);
    site.repair(5);
    expect(await code('--retry-failed-import')).toBe(1);
    await giveUp('6');
    addEnded(9, 11, 12);
    site.addFaultyRun(10);
    await giveUp('12');
    site.addRun(13);
    expect(await code('--incremental')).toBe(1);
    await cut(9);
    expect(await code('--verify')).toBe(1);
    copyBack();
    end(7);
    end(13);
    addEnded(14);

    expect((await archiver('--take-up', '8')).code).toBe(0);
    expect((await giveUp('6,12')).code).toBe(0);
    lookAtAllRuns();
    expect([failures('import'), await code('--retry-failed-import')]).toEqual(['5', 0]);
    expect(await code('--incremental')).toBe(1);
    expect(await code('--retry-failed-migrate')).toBe(0);
    proxy.read.length = 0;
    const verified = await archiver('--verify', '--with-files');

    await expectArchivedOnce(3, 4, 5, 7, 8, 9, 11, 13, 14);
    expect([failures('import'), failures('migrate')]).toEqual(['10', '']);
    expect(proxy.read.toSorted((a, b) => a - b)).toEqual([3, 4, 5, 7, 8, 9, 11, 13, 14]);
    expect([verified.code, unequal()]).toEqual([1, ['7', '9', '13']]);
    expect(site.read('given_up_runs.json').match(/"\d+(?:-\d+)?"/g)).toEqual(['"1-2"', '"6"', '"12"']);
  });

  it('brings runs back that were given up since, if an execution comes first, and leaves those alone that were taken up', async () => {
    await makeHistory();
    site.addRun(8);
    await giveUp('8');
    copy();
    await archiver('--take-up', '8');
    addEnded(9);
    await giveUp('9');
    copyBack();

    expect(await code('--incremental')).toBe(0);
    await expectArchivedOnce(3, 4, 7, 9);
    await archiver('--take-up', '8');
    expect(await code('--incremental')).toBe(0);
    await expectArchivedOnce(3, 4, 7, 8, 9);
    expect(failures('import')).toBe('5 6');
  });
});
