import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ArchiverHere } from '../helpers/archiver-here.ts';
import { useSite } from '../helpers/use-site.ts';

const { site, ucondb, run, start } = useSite({ app: { parallel_workers: 1 } });
const file = () => join(site.directory, 'result.json');
const result = () => JSON.parse(readFileSync(file(), 'utf8'));

/** Runs the archiver; what it printed on stdout, and the result in the file. */
async function runTelling(...flags: string[]) {
  rmSync(file(), { force: true });
  const { code, stdout } = await run(...flags, '--result-json', file());
  return { code, stdout, told: result() };
}

it('tells what an execution did, in a file beside the log', async () => {
  site.addRuns(1, 2);
  site.addFaultyRun(3);
  const { code, stdout, told } = await runTelling('--incremental');
  expect(code).toBe(1);
  expect(stdout).toContain('✓ Run 2 migrated and verified successfully');
  expect(told).toMatchObject({ exit_code: 1, end: 'failure', error: null });
  expect(told.stages).toMatchObject([
    { stage: 'import', archived: { total: 2 }, failed: [{ run: 3 }] },
    { stage: 'migrate', archived: { total: 2 }, failed: [] },
  ]);
  expect(told).toEqual(JSON.parse(site.read('last_execution.json')).execution);
});

it('is all that stands on stdout with -, and the log is on stderr', async () => {
  site.addRuns(1);
  const { code, stdout, stderr } = await run('--import-only', '--result-json', '-');
  expect([code, JSON.parse(stdout).stages]).toEqual([0, [expect.objectContaining({ stage: 'import' })]]);
  expect(stderr).toContain('✓ EXECUTION COMPLETED SUCCESSFULLY');
  const refused = await run('--report-status', '--json', '--result-json', '-');
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("can't be used together")]);
});

it('tells that another archiver holds the lock, whose own result stays that of an execution under way', async () => {
  site.addRuns(1);
  const uploading = ucondb.hold();
  const archiver = start(['--incremental', '--result-json', file()]);
  await uploading;
  expect(result()).toMatchObject({ pid: archiver.pid, ended: null, exit_code: null, end: null });
  const { code, stdout } = await run('--incremental', '--result-json', '-');
  expect([code, JSON.parse(stdout)]).toMatchObject([
    1,
    { exit_code: 1, end: 'refused', stages: [], error: { kind: 'LockExistsError' } },
  ]);
  archiver.kill('SIGKILL');
  await archiver.ended;
  expect(result()).toMatchObject({ pid: archiver.pid, ended: null });
});

it('tells of a configuration that is wrong or missing', async () => {
  writeFileSync(site.config, 'app: {batch_size: none}\n');
  const { code, told } = await runTelling('--incremental');
  expect([code, told.end, told.error]).toEqual([
    1,
    'failure',
    {
      message: expect.stringContaining('app.batch_size'),
      kind: 'ConfigurationError',
      fault: 'site',
      place: null,
    },
  ]);
  rmSync(site.config);
  expect((await runTelling()).told.error.message).toContain('config.yaml');
});

it('tells of a stop, of runs that wait, and of those that are left', async () => {
  site.addRuns(1, 2, 3);
  const uploading = ucondb.hold();
  const archiver = new ArchiverHere([site.config, '--incremental', '--result-json', file()]);
  await uploading;
  archiver.kill('SIGTERM');
  ucondb.release();
  expect((await archiver.ended).code).toBe(130);
  expect(result()).toMatchObject({
    exit_code: 130,
    end: 'stopped',
    stages: [{ left: { total: 0 } }, { archived: { total: 1 }, left: { total: 2 } }],
  });
  await ucondb.stop();
  const { code, told } = await runTelling('--incremental');
  expect([code, told.stages[1].error]).toEqual([1, expect.stringContaining('UconDB')]);
});

it('tells what a dry run would do, and changes nothing else', async () => {
  site.addRuns(1, 2);
  const { code, told } = await runTelling('--dry-run');
  expect([code, told.dry_run]).toEqual([0, true]);
  expect(told.stages).toMatchObject([{ archived: { total: 2 } }, { archived: { total: 2 } }]);
  expect(existsSync(site.work)).toBe(false);
});

it.each([['--report-status'], ['--check-config'], ['--verify'], ['--recover-import-state']])(
  'tells how %s ended',
  async (flag) => {
    site.addRuns(1);
    await run('--incremental');
    expect((await runTelling(flag)).told).toMatchObject({
      mode: flag.slice(2).replace('import-', ''),
      exit_code: 0,
    });
  },
);

it('turns success into exit code 1 if it can not be written, and archives all the same', async () => {
  site.addRuns(1);
  const nowhere = join(site.directory, 'missing', 'result.json');
  const { code, stdout } = await run('--incremental', '--result-json', nowhere);
  expect(code).toBe(1);
  expect(
    stdout.match(
      /ERROR - The result of this execution .*missing\/result\.json.* can't be written: .*ENOENT/g,
    ),
  ).toHaveLength(2);
  expect(stdout).toContain('✓ EXECUTION COMPLETED SUCCESSFULLY');
  expect(await ucondb.runs()).toEqual([1]);
  expect(JSON.parse(site.read('last_execution.json')).execution).toMatchObject({ exit_code: 0 });
  mkdirSync(file());
  expect((await run('--incremental', '--result-json', file())).stdout).toContain('it is not a regular file');
  expect(readdirSync(site.directory).filter((name) => name.includes('tmp'))).toEqual([]);
});
