import { appendFileSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { useSite } from '../helpers/use-site.ts';

const { site, run } = useSite();
const metadata = (number: number, ...times: readonly string[]) =>
  [
    'Config name: standard',
    'Component #0: component01',
    ...times,
    `DAQInterface logfile: /log/${number}`,
    '',
  ].join('\n');
const START = 'DAQInterface start time: Mon Jan  5 10:00:00 CST 2026';
const STOP = 'DAQInterface stop time: Mon Jan  5 11:00:00 CST 2026';
const addEndedRuns = (...numbers: readonly number[]) => {
  for (const number of numbers) site.addRun(number, { 'metadata.txt': metadata(number, START, STOP) });
};

const inRecord = (number: number, name: string) => join(site.runRecords, String(number), name);
const needed = async (...flags: readonly string[]) => {
  const { stdout, code } = await run('--list-archived', '--json', ...flags);
  const { archived, needed } = JSON.parse(stdout);
  return { code, archived: archived.ranges, needed };
};

it('prints the runs whose directories are in both archives as they are now, and nothing else', async () => {
  addEndedRuns(1, 2, 3, 4);
  site.addFaultyRun(5);
  expect((await run('--incremental')).code).toBe(1);
  site.addRuns(6);
  appendFileSync(inRecord(2, 'boot.txt'), 'Subsystem id: 7\n');
  writeFileSync(inRecord(3, 'component99.fcl'), 'late: 1\n');
  rmSync(inRecord(4, 'boot.txt'));
  const listed = await run('--list-archived');
  expect(listed).toMatchObject({ code: 0, stdout: '1\n' });
  expect(listed.stderr).toContain('1 run directories are wholly in both archives, 5 are still needed');
  expect(await needed()).toEqual({
    code: 0,
    archived: [{ first: 1, last: 1 }],
    needed: [
      { run: 2, reason: expect.stringContaining('different: boot.fcl') },
      { run: 3, reason: expect.stringContaining('only in the run directory: component99.fcl') },
      { run: 4, reason: expect.stringContaining('only in artdaqDB: boot.fcl') },
      { run: 5, reason: 'it is not in artdaqDB (failed)' },
      { run: 6, reason: 'it is not in artdaqDB (new)' },
    ],
  });
  expect((await run('--list-archived', '--runs', '2-6')).stdout).toBe('');
});

it('keeps directories with files that no archive gets, unless they are named', async () => {
  addEndedRuns(1);
  await run('--incremental');
  writeFileSync(inRecord(1, 'rc_info_start.txt'), 'x\n');
  expect((await needed()).needed).toEqual([
    { run: 1, reason: 'no archive has these files of it: rc_info_start.txt' },
  ]);
  expect((await run('--list-archived', '--expendable', 'rc_info_*')).stdout).toBe('1\n');
  expect((await run('--list-archived', '--expendable', 'c_info_*,rc.info_*')).stdout).toBe('');
});

it('leaves out what was changed lately, and runs without stop time that may still be taken', async () => {
  addEndedRuns(1, 2);
  for (const number of [3, 4]) site.addRun(number, { 'metadata.txt': metadata(number, START) });
  await run('--incremental');
  const tenDaysAgo = new Date(Date.now() - 10 * 24 * 60 * 60 * 1000);
  for (const name of ['metadata.txt', '.']) utimesSync(inRecord(1, name), tenDaysAgo, tenDaysAgo);
  utimesSync(inRecord(2, '.'), new Date(), new Date());
  expect((await needed()).needed).toEqual(
    [3, 4].map((number) => ({ run: number, reason: expect.stringContaining('no stop time') })),
  );
  expect(await needed('--older-than', '9')).toMatchObject({
    archived: [
      { first: 1, last: 1 },
      { first: 3, last: 4 },
    ],
    needed: [{ run: 2, reason: 'it was changed 0 days ago' }],
  });
});

it('lists no run that it can not compare, and ends with 1', async () => {
  addEndedRuns(1, 2);
  await run('--incremental');
  const documents = join(site.database, 'RunHistory');
  for (const name of readdirSync(documents)) {
    const path = join(documents, name);
    if (
      name.endsWith('.json') &&
      name !== 'index.json' &&
      readFileSync(path, 'utf8').includes('"2/standard"')
    )
      rmSync(path);
  }
  const listed = await run('--list-archived');
  expect(listed).toMatchObject({ code: 1, stdout: '1\n' });
  expect(listed.stderr).toContain('Run 2: it could not be compared');
});
