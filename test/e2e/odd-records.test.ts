import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { FilesystemDb } from '../../src/artdaqdb/filesystem/filesystem-db.ts';
import { unpackBlob } from '../../src/blob/unpack.ts';
import { writeRecords } from '../../tools/sample-records/record.ts';
import type { Ended } from '../helpers/archiver-process.ts';
import { age, ODD_RECORDS, writeOddRecord } from '../helpers/odd-records.ts';
import { lostOf } from '../helpers/preservation.ts';
import { useSite } from '../helpers/use-site.ts';

const FIRST_ODD = 1000;
const FIRST_PLAIN = 2000;
const odd = ODD_RECORDS.map((record, index) => ({ ...record, run: FIRST_ODD + index }));
const plain = Array.from({ length: 10 }, (_, index) => FIRST_PLAIN + index);
const settings = { app: { batch_size: 1000, run_process_retries: 0 } };

const { site, ucondb, run } = useSite(settings, 'file');
const directory = (run: number) => join(site.runRecords, String(run));

/** The lines about one run with what belongs to them. */
function linesOf(run: number, level: 'WARNING' | 'ERROR', log: string): string {
  const lines = log.split(/\n(?=\d{4}-\d\d-\d\d )/);
  return lines.filter((line) => new RegExp(` - ${level} - .*?\\bRun ${run}\\b`).test(line)).join('\n');
}

async function lost(run: number, log: string): Promise<string[]> {
  const blob = Buffer.from(await ucondb.blob(run));
  return lostOf(directory(run), unpackBlob(blob).files, linesOf(run, 'WARNING', log));
}

describe('odd run records beside plain ones', () => {
  let ended: Ended;
  const waiting = odd.filter(({ waits }) => waits !== undefined);
  const ready = odd.filter(({ waits }) => waits === undefined);
  const imported = ready.filter(({ fails, stage }) => fails === undefined || stage === 'migrate');
  const archived = ready.filter(({ fails }) => fails === undefined);

  beforeAll(async () => {
    for (const record of odd) writeOddRecord(directory(record.run), record);
    const size = { readers: 2, builders: 1, dispatchers: 1, bytes: 28_000 };
    const samples = { count: plain.length, firstRun: FIRST_PLAIN, era: 'mixed', seed: '1', size } as const;
    await writeRecords(site.runRecords, { ...samples, writable: true });
    for (const run of plain) age(directory(run));
    for (const name of ['00123', '\u00b2', '\uff15\uff10', '9007199254740992', '5 ', 'notes']) {
      mkdirSync(join(site.runRecords, name));
    }
    writeFileSync(join(site.runRecords, '3000'), '');
    symlinkSync(String(FIRST_PLAIN), join(site.runRecords, '3001'));
    symlinkSync('3002', join(site.runRecords, '3002'));
    ended = await run('--incremental');
  });

  it('are archived or fail, one by one', async () => {
    expect([ended.code, ended.stderr]).toEqual([1, '']);
    expect(await new FilesystemDb(site.database).listRuns()).toEqual([
      ...imported.map(({ run }) => run),
      ...plain,
    ]);
    expect(await ucondb.runs()).toEqual([...archived.map(({ run }) => run), ...plain]);
    const failed = (stage?: 'migrate') =>
      odd.filter((record) => record.fails && !record.isUndecided && record.stage === stage);
    const log = (records: typeof odd) => records.map(({ run }) => `${run}\n`).join('');
    expect(site.read('import_failures.log')).toBe(log(failed()));
    expect(site.read('migrate_failures.log')).toBe(log(failed('migrate')));
    expect(ended.stdout).toMatch(/left alone: .*"00123".*"3000".*"9007199254740992".*"3002"/);
  });

  it.each(odd.filter(({ fails }) => fails))('the run with $what fails and says why', ({ run, fails }) => {
    expect(linesOf(run, 'ERROR', ended.stdout)).toMatch(fails ?? '');
    expect(ended.stdout).not.toMatch(new RegExp(`Run ${run} failed with an unexpected error`));
  });

  it.each(waiting)('the run with $what is left for later and says why', ({ run, waits }) => {
    const line = ended.stdout.split('\n').find((each) => each.includes(`Run ${run} is still being copied: `));
    expect(line).toMatch(waits ?? '');
    expect(linesOf(run, 'ERROR', ended.stdout)).toBe('');
  });

  it.each(archived)('the run with $what loses nothing', async ({ run, warns, config }) => {
    expect(await lost(run, ended.stdout)).toEqual([]);
    if (warns) expect(linesOf(run, 'WARNING', ended.stdout)).toMatch(warns);
    if (config) expect(await new FilesystemDb(site.database).has(run, config)).toBe(true);
  });

  it.each(plain)('plain run %i loses nothing', async (run) => {
    expect(await lost(run, ended.stdout)).toEqual([]);
  });

  it('tries only those again the second time that may not be at fault', async () => {
    const again = await run('--incremental');
    const undecided = odd.filter(({ isUndecided }) => isUndecided);
    expect(again.code).toBe(1);
    expect(again.stdout).toContain(`Found ${undecided.length} runs to import`);
    expect(again.stdout).toContain(`${waiting.length} runs wait as they are still being copied`);
  });
});
