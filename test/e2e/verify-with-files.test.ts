import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { goldenRuns } from '../helpers/golden-records.ts';
import { useSite } from '../helpers/use-site.ts';

const { site, run } = useSite();
const verify = async (...flags: readonly string[]) => {
  const { stdout, stderr, code } = await run('--verify', '--with-files', '--json', ...flags);
  const byRun = new Map<number, unknown>();
  for (const each of JSON.parse(stdout).runs) byRun.set(each.run, each.record);
  return { code, byRun, log: stderr };
};

it('finds records of all eras equal to what was archived of them', async () => {
  const runs = goldenRuns();
  const numbers = new Set(runs.map(({ run: number }) => number));
  for (const number of numbers) {
    const { directory } = runs.find((each) => each.run === number) ?? { directory: '' };
    cpSync(join(directory, 'source'), join(site.runRecords, String(number)), { recursive: true });
  }
  await run('--limit', '1000');
  const { code, byRun, log } = await verify();
  expect(log).toContain(`Run directories: ${byRun.size} equal, 0 different, 0 runs without one`);
  expect(byRun.size).toBe(numbers.size);
  expect(code).toBe(0);
});

it('names runs that were archived before their directory was complete, and how to archive them again', async () => {
  site.addRuns(1, 2, 3, 4);
  await run('--incremental');
  site.addRun(5);
  await run('--incremental');
  const file = (number: number, name: string) => join(site.runRecords, String(number), name);
  writeFileSync(file(1, 'component02.fcl'), 'late: 1\n');
  writeFileSync(file(2, 'metadata.txt'), 'Config name: other\nComponent #0: component01\n');
  writeFileSync(
    file(3, 'metadata.txt'),
    'Config name: test3\nComponent #0: component01\n\nDAQInterface start time: Thu Oct 24 15:30:00 UTC 2024\n' +
      'DAQInterface stop time: Thu Oct 24 16:30:00 UTC 2024\n',
  );
  rmSync(join(site.runRecords, '4'), { recursive: true });
  const { code, byRun, log } = await verify();
  expect(code).toBe(1);
  expect(byRun.get(1)).toMatchObject({ state: 'different', only_in_directory: ['component02.fcl'] });
  expect(byRun.get(2)).toMatchObject({ state: 'different', configuration: 'other' });
  expect(byRun.get(3)).toMatchObject({ state: 'time_came_later' });
  expect(byRun.get(4)).toEqual({ state: 'absent' });
  expect(byRun.get(5)).toMatchObject({ state: 'equal', not_archived: [] });
  expect(log).toContain('Run directories: 2 equal, 2 different, 1 runs without one');
  expect(log).toContain(
    `repair-filesystemdb ${site.database} --reimport 1 --apply, then --import-only --runs 1`,
  );
  // The blobs are as artdaqDB has the runs, and nothing was noted.
  expect((await run('--verify')).code).toBe(0);
  expect((await verify('--runs', '5')).code).toBe(0);
});
