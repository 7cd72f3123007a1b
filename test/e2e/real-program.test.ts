import { join } from 'node:path';
import { expect, it } from 'vitest';
import { realProgram } from '../helpers/archiver-process.ts';
import { useSite } from '../helpers/use-site.ts';

const { site, ucondb, start } = useSite({}, 'file');

/** Runs the program as operators start it. */
const run = (...flags: string[]) => start(flags, { program: realProgram }).ended;

it('every mode works in the program as operators start it', async () => {
  site.addRuns(1, 2);
  for (const flags of [
    ['--check-config'],
    ['--dry-run'],
    ['--import-only', '--limit', '1'],
    ['--migrate-only'],
    ['--incremental'],
    ['--retry-failed-import'],
    ['--retry-failed-migrate'],
    ['--recover-import-state'],
    ['--recover-migrate-state'],
    ['--verify'],
    ['--report-status'],
    ['--restore', '1', '--to', join(site.directory, 'restored')],
  ]) {
    const { code, stderr } = await run(...flags);
    expect([flags, code, stderr]).toEqual([flags, 0, '']);
  }
  expect(await ucondb.runs()).toEqual([1, 2]);
});
