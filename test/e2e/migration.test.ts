import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unpackBlob } from '../../src/blob/unpack.ts';
import { archiveHere } from '../helpers/archiver-here.ts';
import type { GoldenRun } from '../helpers/golden-records.ts';
import { hasUpdate, ReferenceSite } from '../helpers/reference-site.ts';
import { runTool } from '../helpers/tool-process.ts';
import { SiteUconDb } from '../helpers/ucondb-for-site.ts';

let ucondb: SiteUconDb;
let reference: ReferenceSite;
/** The runs as the Python archiver left them: all are in artdaqDB, all but the last two in UconDB. */
let migrated: readonly GoldenRun[];
let waiting: readonly GoldenRun[];
let last: number;

beforeEach(async () => {
  ucondb = await SiteUconDb.start();
  reference = new ReferenceSite(ucondb.url);
  migrated = reference.runs.slice(0, -2);
  waiting = reference.runs.slice(-2);
  last = reference.runs.at(-1)?.run ?? 0;
  for (const run of migrated) await reference.migrate(run);
});

afterEach(async () => {
  reference.remove();
  await ucondb.remove();
});

const run = (...flags: string[]) => archiveHere([reference.site.config, ...flags], reference.environment);
const numbers = (runs: readonly GoldenRun[]) => runs.map((each) => each.run);
const failures = (stage: string) => reference.site.read(`${stage}_failures.log`);

/** The state of the Python archiver whose first run was not 1: contiguous never left 0. */
function keepFiles(): void {
  const lastMigrated = numbers(migrated).at(-1) ?? 0;
  reference.keep({
    importState: { last_contiguous_run: last },
    importFailures: `${last + 2}\n${last + 1}\n${last + 2}\n`,
    migrateState: { last_contiguous_run: 0, last_attempted_run: lastMigrated },
    migrateFailures: `${lastMigrated}\n${lastMigrated}\nno number\n`,
  });
}

describe('a site that takes this archiver in the place of the Python one', () => {
  it('is understood as it is: configuration, state, failure logs, database', async () => {
    keepFiles();
    const { code, stdout } = await run('--compare-state', '--json');
    const report = JSON.parse(stdout);
    expect([code, report.complete]).toEqual([0, true]);
    expect(report.stages).toEqual([
      expect.objectContaining({ stage: 'import', position: last }),
      expect.objectContaining({ stage: 'migrate', position: numbers(migrated).at(-1) }),
    ]);
    expect(report.stages[0].failed).toMatchObject({ total: 2 });
    const { code: checked, stdout: checks } = await run('--check-config');
    expect([checked, checks]).toEqual([
      0,
      expect.stringContaining('directly under reporting are deprecated'),
    ]);
  });

  it('continues from there, and leaves what is archived as it is', async () => {
    keepFiles();
    for (const each of reference.runs.filter(hasUpdate)) reference.storeWithoutTools(each);
    reference.site.addRuns(last + 1, last + 2, last + 3);
    const before = reference.documents();
    const blobs = await Promise.all(migrated.map((each) => ucondb.blob(each.run)));

    expect((await run('--incremental')).code).toBe(0);
    expect(reference.documents()).toEqual(expect.arrayContaining(before));
    expect(await Promise.all(migrated.map((each) => ucondb.blob(each.run)))).toEqual(blobs);
    expect(await ucondb.runs()).toEqual([...numbers(reference.runs), last + 3]);
    for (const each of waiting.filter(hasUpdate)) {
      const names = unpackBlob(Buffer.from(await ucondb.blob(each.run))).files.map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(['hashes.fcl', 'RunHistory2.fcl']));
      expect(new Set(names).size).toBe(names.length);
    }

    expect((await run('--retry-failed-import')).code).toBe(0);
    expect((await run('--retry-failed-migrate')).code).toBe(0);
    expect((await run('--incremental')).code).toBe(0);
    expect([failures('import'), failures('migrate')]).toEqual(['', '']);
    expect(await ucondb.runs()).toEqual([...numbers(reference.runs), last + 1, last + 2, last + 3]);
    expect((await run('--report-status')).stdout).toContain('All systems are synchronized');
  });

  it('can go back: the Python archiver finds its files in its own form', async () => {
    keepFiles();
    reference.site.addRun(last + 3);
    reference.site.addRun(last + 4, { 'component01.fcl': 'daq: {\n' });
    expect((await run('--incremental')).code).toBe(1);
    for (const stage of ['importer', 'migrator'] as const) {
      const state = reference.site.state(`${stage}_state.json`);
      expect(state).toEqual({
        last_contiguous_run: expect.any(Number),
        last_attempted_run: stage === 'importer' ? last + 4 : last + 3,
      });
    }
    expect(failures('import')).toBe(`${last + 1}\n${last + 2}\n${last + 4}\n`);
    expect(readdirSync(reference.site.work)).not.toContain('.archiver.lock');
  });
});

describe('both archivers side by side', () => {
  /** A configuration with a work directory, a database and an object of its own. */
  function besideConfig(): string {
    const beside = join(reference.site.directory, 'beside.yaml');
    const text = readFileSync(reference.site.config, 'utf8')
      .replace('${WORK_DIR:-/tmp/run_record_archiver}', join(reference.site.directory, 'beside'))
      .replace('object_name: "runs"', 'object_name: "runs_beside"');
    writeFileSync(beside, text);
    return beside;
  }

  it('have archives that can be compared run by run', async () => {
    keepFiles();
    const before = reference.documents();
    const state = reference.site.read('importer_state.json');
    const env = {
      ...reference.environment,
      ARTDAQDB_URL: `filesystemdb://${join(reference.site.directory, 'artdaqdb-beside')}`,
    };
    const beside = besideConfig();
    expect((await archiveHere([beside], env)).code).toBe(0);
    expect(reference.documents()).toEqual(before);
    expect(reference.site.read('importer_state.json')).toBe(state);
    expect(await ucondb.runs()).toEqual(numbers(migrated));

    const compare = join(reference.site.directory, 'compare.yaml');
    writeFileSync(compare, readFileSync(beside, 'utf8').replace('runs_beside', 'runs'));
    const range = ['--start', `${numbers(migrated)[0]}`, '--end', `${last}`, '--json'];
    const { stdout } = await runTool('compare-artdaqdb-ucondb', [compare, ...range], { env });
    const results: { run: number; status: string; only_in_ucondb: string[] }[] = JSON.parse(stdout).runs;
    expect(results.map((each) => each.run)).toEqual(numbers(migrated));
    expect(results.flatMap((each) => each.only_in_ucondb)).toEqual([]);
    expect(results.map(({ status }) => status)).toContain('matching');
    expect(results.map(({ status }) => status)).not.toContain('failed');
  });
});
