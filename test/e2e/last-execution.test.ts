import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { Importer } from '../../src/stages/importer.ts';
import { useSite } from '../helpers/use-site.ts';

const { site, ucondb, run, start } = useSite({ app: { parallel_workers: 1 } });
const last = () => JSON.parse(site.read('last_execution.json'));
const runs = (first: number, end: number) => ({ total: end - first + 1, ranges: [{ first, last: end }] });
const none = { total: 0, ranges: [] };

it('tells what an execution did, and what earlier ones archived', async () => {
  site.addRuns(1, 2, 4, 5);
  site.addFaultyRun(3);
  expect((await run('--incremental', '--limit', '4')).code).toBe(1);
  expect(last()).toMatchObject({
    execution: {
      mode: 'pipeline',
      exit_code: 1,
      end: 'failure',
      error: null,
      stage: 'Migration',
      stages: [
        {
          stage: 'import',
          found: runs(1, 5),
          archived: { total: 3 },
          failed: [{ run: 3, reason: expect.stringContaining('component01.fcl') }],
          left: runs(5, 5),
        },
        { stage: 'migrate', found: { total: 3 }, archived: { total: 3 }, failed: [], left: none },
      ],
    },
    previous: null,
    last_archived: { import: { run: 4 }, migrate: { run: 4 } },
    last_success: { import: null, migrate: expect.any(String) },
  });
  const before = last();
  expect((await run('--incremental')).code).toBe(0);
  expect(last()).toMatchObject({
    execution: { mode: 'pipeline', exit_code: 0, end: 'success' },
    previous: { mode: 'pipeline', exit_code: 1, end: 'failure' },
    last_archived: { import: { run: 5 }, migrate: { run: 5 } },
  });
  expect(last().last_archived.import.time > before.last_archived.import.time).toBe(true);
});

it('shows a killed execution by a beginning without an end, and leaves a refused one out', async () => {
  site.addRuns(1, 2);
  const uploading = ucondb.hold();
  const archiver = start(['--incremental']);
  await uploading;
  await expect.poll(() => last().execution.stage, { timeout: 60_000 }).toBe('Migration');
  const running = last();
  expect(running).toMatchObject({
    execution: {
      pid: archiver.pid,
      ended: null,
      exit_code: null,
      stage: 'Migration',
      stages: [{ stage: 'import' }],
    },
  });
  expect((await run('--incremental')).code).toBe(1);
  expect((await run('--report-status')).code).toBe(0);
  expect((await run('--dry-run')).code).toBe(0);
  expect(last()).toEqual(running);
  archiver.kill('SIGKILL');
  await archiver.ended;
  expect(last()).toEqual(running);
});

it('is nothing but a warning where it can not be written', async () => {
  site.addRuns(1);
  mkdirSync(join(site.work, 'last_execution.json'), { recursive: true });
  const { code, stdout } = await run('--incremental');
  expect([code, stdout.match(/What this execution does can't be noted/g)?.length]).toEqual([0, 1]);
  expect(await ucondb.runs()).toEqual([1]);
  expect(existsSync(join(site.work, 'last_execution.json.lock'))).toBe(false);
});

it('is left alone by what a person does in between', async () => {
  site.addRuns(1, 2);
  await run('--incremental', '--limit', '1');
  const before = last();
  expect(before.execution.stages[0].left).toEqual(runs(2, 2));
  expect((await run('--recover-import-state')).code).toBe(0);
  expect((await run('--verify')).code).toBe(0);
  expect((await run('--check-config')).code).toBe(0);
  expect(last()).toEqual(before);
});

it('tells of an execution that a bug ended', async () => {
  site.addRuns(1);
  const bug = new TypeError('a bug');
  const broken = vi.spyOn(Importer.prototype, 'run').mockRejectedValue(bug);
  expect((await run('--incremental')).code).toBe(2);
  expect(last().execution).toMatchObject({
    exit_code: 2,
    end: 'crashed',
    error: { kind: 'TypeError', fault: null, message: 'a bug' },
  });
  broken.mockRestore();
});
