import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ArchiverHere } from '../helpers/archiver-here.ts';
import { useSite } from '../helpers/use-site.ts';

const { site, run } = useSite();
const WARNING = 'these look like runs but are none, and are left alone: "007"';
const hoursLater = (hours: number) =>
  new ArchiverHere([site.config, '--incremental'], {
    now: () => new Date(Date.now() + hours * 60 * 60 * 1000),
  }).ended;

it('logs a warning that each execution repeats once a day, and keeps it in the report', async () => {
  site.addRuns(1, 2);
  mkdirSync(join(site.runRecords, '007'));
  expect((await run('--incremental')).stdout).toContain(WARNING);
  expect((await run('--incremental')).stdout).not.toContain(WARNING);
  expect((await run('--incremental', '--verbose')).stdout).toMatch(new RegExp(`DEBUG - .*${WARNING}`));
  const report = await run('--report-status', '--json');
  expect(report.stderr).toContain(WARNING);
  expect(JSON.parse(report.stdout).recommendations).toContainEqual({
    level: 'warning',
    text: expect.stringMatching(new RegExp(`^Warned of .*: .*${WARNING}`)),
  });
  expect((await hoursLater(25)).stdout).toContain(WARNING);
});

it('keeps no warning about a run in the report once the run is archived or in the failure log', async () => {
  site.addRuns(1);
  site.addFaultyRun(2);
  for (const number of ['1', '2'])
    writeFileSync(join(site.runRecords, number, 'notes.txt'), 'no converter knows me\n');
  expect((await run('--incremental')).stdout).toContain('notes.txt');
  expect((await run('--report-status')).stdout).not.toContain('Warned of');
});
