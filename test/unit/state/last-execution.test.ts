import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { PersistenceError } from '../../../src/errors.ts';
import { countRuns, type ExecutionResult, type StageAccount } from '../../../src/state/execution-result.ts';
import { LastExecutionFile, withExecution } from '../../../src/state/last-execution.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();
let path: string;
let warnings: string[];

beforeEach(async () => {
  path = join(await temporaryDirectory(), 'last_execution.json');
  warnings = [];
});

const open = () => new LastExecutionFile(path, (message) => warnings.push(message));

function execution(hour: number, ended: boolean, stages: readonly StageAccount[] = []): ExecutionResult {
  const time = (minute: number) => `2026-03-01T${String(hour).padStart(2, '0')}:${minute}:00.000Z`;
  return {
    version: 1,
    program: '1.1.0',
    host: 'daq01',
    pid: hour,
    mode: 'pipeline',
    dry_run: false,
    started: time(10),
    ended: ended ? time(20) : null,
    seconds: ended ? 600 : null,
    exit_code: ended ? 0 : null,
    end: ended ? 'success' : null,
    error: null,
    stage: 'Migration',
    stages,
  };
}

function stage(name: 'import' | 'migrate', hour: number, more: Partial<StageAccount> = {}): StageAccount {
  const none = countRuns([]);
  return {
    stage: name,
    ended: `2026-03-01T${hour}:15:00.000Z`,
    seconds: 300,
    all_runs: true,
    found: none,
    archived: none,
    failed: [],
    waiting: { fault: [], stop_time: none, copying: none, most_recent: none },
    left: none,
    skipped: none,
    error: null,
    place: null,
    ...more,
  };
}

describe('the record of the last execution', () => {
  it('keeps when something was archived, and when a stage went well, over executions that had nothing or failed', () => {
    const first = execution(10, true, [
      stage('import', 10, { archived: countRuns([4, 5]) }),
      stage('migrate', 10, { archived: countRuns([4]) }),
    ]);
    const second = execution(11, true, [
      stage('import', 11),
      stage('migrate', 11, { failed: [{ run: 5, reason: 'differs' }] }),
    ]);
    const { last_archived: archived, last_success: success } = withExecution(
      withExecution(undefined, first),
      second,
    );
    expect(archived).toEqual({
      import: { time: '2026-03-01T10:15:00.000Z', run: 5 },
      migrate: { time: '2026-03-01T10:15:00.000Z', run: 4 },
    });
    expect(success).toEqual({ import: '2026-03-01T11:15:00.000Z', migrate: '2026-03-01T10:15:00.000Z' });
  });

  it.each<[string, Partial<StageAccount>]>([
    ['broke off', { error: 'no answer' }],
    ['has failed runs', { failed: [{ run: 5, reason: 'differs' }] }],
    [
      'has runs that wait because of a fault',
      {
        waiting: {
          ...stage('import', 10).waiting,
          fault: [{ place: 'UconDB write', cause: '', since: '', runs: countRuns([5]) }],
        },
      },
    ],
  ])('counts no success of a stage that %s', (_, how) => {
    const { last_success: success } = withExecution(
      undefined,
      execution(10, true, [stage('import', 10, how)]),
    );
    expect(success).toEqual({ import: null, migrate: null });
  });

  it('keeps what a stage left until it looks at all runs again', () => {
    const first = execution(10, true, [stage('import', 10, { all_runs: true, left: countRuns([7, 8]) })]);
    const retry = execution(11, true, [stage('import', 11, { all_runs: false })]);
    const next = execution(12, true, [stage('import', 12, { all_runs: true })]);
    const second = withExecution(withExecution(undefined, first), retry);
    expect(second.last_left).toEqual({ import: countRuns([7, 8]), migrate: null });
    expect(withExecution(second, next).last_left).toEqual({ import: countRuns([]), migrate: null });
  });

  it('keeps how the last execution ended that was not killed', async () => {
    await open().note(execution(10, false));
    expect(await open().read()).toMatchObject({ execution: { ended: null }, previous: null });
    await open().note(execution(10, true));
    expect(await open().read()).toMatchObject({ execution: { end: 'success' }, previous: null });
    // Killed.
    await open().note(execution(11, false));
    await open().note(execution(12, false));
    expect(await open().read()).toEqual({
      execution: execution(12, false),
      previous: {
        mode: 'pipeline',
        started: '2026-03-01T10:10:00.000Z',
        ended: '2026-03-01T10:20:00.000Z',
        seconds: 600,
        exit_code: 0,
        end: 'success',
      },
      last_archived: { import: null, migrate: null },
      last_success: { import: null, migrate: null },
      last_left: { import: null, migrate: null },
    });
  });

  it('holds in the end what was noted last, however fast notes come', async () => {
    const file = open();
    const notes = [1, 2, 3, 4].map((number) =>
      file.note({ ...execution(10, number === 4), stage: `${number}` }),
    );
    await Promise.all(notes);
    expect(await open().read()).toMatchObject({ execution: { stage: '4', end: 'success' }, previous: null });
  });

  it('is replaced if it can no longer be understood, and reads as an error until then', async () => {
    writeFileSync(path, '{"execution": 7}');
    await expect(open().read()).rejects.toThrow(PersistenceError);
    await open().note(execution(10, true));
    expect(await open().read()).toMatchObject({ execution: { pid: 10 } });
    expect(warnings).toEqual([]);
  });

  it('survives members that a later version added', async () => {
    await open().note(execution(10, true));
    const document = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(
      path,
      JSON.stringify({ ...document, more: 1, execution: { ...document.execution, more: 1 } }),
    );
    expect(await open().read()).toMatchObject({ execution: { pid: 10 } });
  });

  it('is given up with one warning if it can not be written', async () => {
    mkdirSync(path);
    const file = open();
    await file.note(execution(10, false));
    await file.note(execution(10, true));
    expect(warnings).toEqual([
      expect.stringMatching(
        /^What this execution does can't be noted .*last_execution.json.*The archive is not affected\.$/,
      ),
    ]);
  });
});
