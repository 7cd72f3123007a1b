import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FilesystemDb } from '../../src/artdaqdb/filesystem/filesystem-db.ts';
import { findProcess } from '../../src/lock/processes.ts';
import { ArchiverHere, archiveHere } from '../helpers/archiver-here.ts';
import type { ArchiverProcess, Ended } from '../helpers/archiver-process.ts';
import { Site } from '../helpers/site.ts';
import { StandInTools } from '../helpers/stand-in-tools.ts';
import { SiteUconDb } from '../helpers/ucondb-for-site.ts';
import { useSite } from '../helpers/use-site.ts';

const { site, ucondb, ...archiver } = useSite({ artdaq_db: { use_tools: true } });
let tools: StandInTools;

beforeEach(() => {
  tools = new StandInTools(join(site.directory, 'programs'));
});

const environment = () => ({ PATH: `${tools.directory}:${process.env.PATH}` });

function start(...flags: readonly string[]): ArchiverProcess {
  return archiver.start(['--incremental', ...flags], { env: environment() });
}

/** In the process of the test. */
const startHere = (...flags: readonly string[]): ArchiverHere =>
  new ArchiverHere([site.config, '--incremental', ...flags], { env: environment() });

const run = (...flags: readonly string[]): Promise<Ended> => startHere(...flags).ended;

/** Entities of a run in the database, as often as they are there. */
async function entities(number: number): Promise<string[]> {
  const documents = await new FilesystemDb(site.database).composition(number, `test${number}`);
  return documents.map(({ entry }) => entry.entity).sort();
}

describe('the pipeline with use_tools', () => {
  it('stores by bulkloader and exports by bulkdownloader', async () => {
    site.addRuns(12345, 12346);
    const { code, stdout, stderr } = await run();
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('✓ Run 12346 migrated and verified successfully');
    expect(await ucondb.runs()).toEqual([12345, 12346]);
    const calls = tools.calls();
    expect(calls.filter(({ tool }) => tool === 'bulkloader')).toHaveLength(4);
    expect(calls.filter(({ tool }) => tool === 'bulkdownloader')).toHaveLength(2);
    for (const { threads, uri } of calls) {
      expect([threads, uri]).toEqual(['1', `filesystemdb://${site.database}`]);
    }
    expect(readdirSync(site.work)).not.toContain('artdaqdb_tools');
    expect((await run()).stdout).toContain('Import Stage: No new runs to import.');
  });

  it('archives the same as without the tools', async () => {
    site.addRuns(7);
    await run();
    const blob = await ucondb.blob(7);
    const other = await SiteUconDb.start();
    const native = new Site().make(other.url);
    try {
      native.addRuns(7);
      await archiveHere([native.config, '--incremental']);
      const withoutTime = (text: string) => text.replaceAll(/^Packed on .*$/gm, '');
      expect(withoutTime(await other.blob(7))).toBe(withoutTime(blob));
    } finally {
      native.remove();
      await other.remove();
    }
  });

  it('fails alone the run that the tools would not keep as it is', async () => {
    site.addRuns(1, 3);
    site.addRun(2, { 'setup.txt': 'source x\n#include "y"\n' });
    const { code, stdout } = await run();
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /✗ Run 2 failed \(attempt 1\/3\): .*setup\.fcl as it is: line \d+ .*use_tools: false/,
    );
    expect(stdout).not.toContain('Run 2 failed (attempt 2/3)');
    expect(await ucondb.runs()).toEqual([1, 3]);
  });

  it('tries no run without the programs', async () => {
    site.addRuns(1);
    const { code, stdout } = await archiveHere([site.config, '--incremental'], { PATH: '/var/empty' });
    expect(code).toBe(1);
    expect(stdout).toMatch(/the program bulkloader was not found in .*lib, \/var\/empty/);
    expect(stdout).not.toContain('Processing run 1');
    expect(existsSync(join(site.work, 'import_failures.log'))).toBe(false);
  });

  it('shows the password to nobody', async () => {
    site.configure(ucondb.url, {
      artdaq_db: {
        use_tools: true,
        database_uri: 'mongodb://archiver:only-in-tests@127.0.0.1:9/db?serverSelectionTimeoutMS=200',
      },
    });
    site.addRuns(1);
    const { code, stdout, stderr } = await run('-v');
    expect(code).toBe(1);
    expect(`${stdout}${stderr}${site.read('archiver.log')}`).not.toContain('only-in-tests');
  });
});

describe('an archiver that is killed', () => {
  it.each([
    ['before the first document', { at: 0 }],
    ['between two documents', { at: 2 }],
    ['when all but the schema is stored', { at: 4 }],
    ['before the schema', { at: 0, skip: 1 }],
    ['behind the schema', { at: 1, skip: 1 }],
  ])('%s leaves a run that the next completes, with nothing stored twice', async (_moment, faults) => {
    site.addRuns(5, 6);
    tools.spoil('bulkloader', { ...faults, pause: true });
    const killed = start();
    const loader = await tools.reached('paused');
    killed.kill('SIGKILL');
    await killed.ended;
    const next = startHere();
    await next.says(`A killed archiver left tools at work (process ${loader})`);
    expect(findProcess(loader)).toBeDefined();
    tools.resume();
    const { code } = await next.ended;
    expect(code).toBe(0);
    expect(await ucondb.runs()).toEqual([5, 6]);
    for (const number of [5, 6]) {
      expect(await entities(number)).toEqual([...new Set(await entities(number))]);
      expect(await entities(number)).toEqual(
        expect.arrayContaining(['boot', 'component01', 'metadata', 'schema']),
      );
    }
  });

  it('together with its loader leaves a run that the next completes too', async () => {
    site.addRuns(5);
    tools.spoil('bulkloader', { at: 2, hang: 'plain' });
    const killed = start();
    const loader = await tools.reached('hanging');
    killed.kill('SIGKILL');
    process.kill(loader, 'SIGKILL');
    await killed.ended;
    expect((await run()).code).toBe(0);
    expect(await entities(5)).toEqual([...new Set(await entities(5))]);
    expect(await ucondb.runs()).toEqual([5]);
  });
});

describe('a shutdown', () => {
  it('lets the load under way finish', async () => {
    site.addRuns(5, 6);
    site.configure(ucondb.url, { artdaq_db: { use_tools: true }, app: { parallel_workers: 1 } });
    tools.spoil('bulkloader', { at: 1, pause: true });
    const archiver = startHere('--import-only');
    await tools.reached('paused');
    archiver.kill('SIGINT');
    await archiver.says('Shutdown requested');
    tools.resume();
    const { code, stdout } = await archiver.ended;
    expect(code).toBe(130);
    expect(stdout).toContain('✓ Run 5 imported successfully');
    expect(await new FilesystemDb(site.database).listRuns()).toEqual([5]);
  });

  it('at once leaves no loader running', async () => {
    site.addRuns(5);
    tools.spoil('bulkloader', { at: 1, hang: 'stubborn' });
    const archiver = start();
    const loader = await tools.reached('hanging');
    archiver.kill('SIGINT');
    await archiver.says('Shutdown requested');
    archiver.kill('SIGINT');
    await archiver.says('Ctrl-C pressed 2/3 times');
    archiver.kill('SIGINT');
    expect((await archiver.ended).code).toBe(130);
    await vi.waitFor(() => expect(findProcess(loader)).toBeUndefined(), { timeout: 60_000 });
    expect((await run()).code).toBe(0);
    expect(await ucondb.runs()).toEqual([5]);
  });
});
