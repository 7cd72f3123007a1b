import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { RunSet } from '../../../src/runs/run-set.ts';
import { backlogOf, readBacklog, type StageRecords } from '../../../src/state/backlog.ts';
import { countRuns, type ExecutionResult, type StageAccount } from '../../../src/state/execution-result.ts';
import { FailureLog } from '../../../src/state/failure-log.ts';
import { noReasons } from '../../../src/state/failure-reasons.ts';
import { LastExecutionFile, withExecution } from '../../../src/state/last-execution.ts';
import { verificationRecords } from '../../../src/state/verification-records.ts';
import { nobodyWaits, WaitingRunsFile } from '../../../src/state/waiting-runs.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();
const idle: StageRecords = { waiting: nobodyWaits, failed: [], reasons: noReasons };
const run = (since: string) => ({
  place: 'UconDB write',
  fault: 'site' as const,
  cause: 'no route',
  since,
  cycles: 1,
  successes: 0,
  undecided: false,
});

it('counts who waits for whatever reason, and names the run that waits longest because of a fault', () => {
  const waiting = {
    ...nobodyWaits,
    byFault: new Map([
      [9, run('2026-03-01T10:00:00.000Z')],
      [8, run('2026-02-28T10:00:00.000Z')],
      [7, run('2026-02-28T10:00:00.000Z')],
    ]),
    postponed: new Map([
      ['copying', RunSet.of([20, 21])] as const,
      ['most-recent', RunSet.of([22])] as const,
    ]),
  };
  const { stages } = backlogOf({
    stages: { import: idle, migrate: { ...idle, waiting } },
    unequal: RunSet.of([]),
    lastExecution: undefined,
  });
  expect(stages.migrate).toMatchObject({
    waiting: 6,
    oldestWaiting: { run: 7, since: '2026-02-28T10:00:00.000Z', place: 'UconDB write', cause: 'no route' },
  });
  expect(stages.import).toMatchObject({ waiting: 0, oldestWaiting: undefined });
});

it('names the run that failed first, as far as that is noted', () => {
  const oldest = (...noted: readonly (readonly [number, string])[]) => {
    const reasons = {
      byRun: new Map(noted.map(([failed, time]) => [failed, { time, message: `of ${failed}` }])),
      problem: undefined,
    };
    const migrate = { ...idle, failed: [3, 4, 5], reasons };
    return backlogOf({ stages: { import: idle, migrate }, unequal: undefined, lastExecution: undefined })
      .stages.migrate.oldestFailed;
  };
  expect(oldest([4, '2026-03-02T00:00:00.000Z'], [5, '2026-03-01T00:00:00.000Z'])).toEqual({
    run: 5,
    reason: { time: '2026-03-01T00:00:00.000Z', message: 'of 5' },
  });
  expect(oldest()).toEqual({ run: 3, reason: undefined });
});

it('leaves out runs that were given up, also since the last execution left them', () => {
  const none = countRuns([]);
  const account: StageAccount = {
    stage: 'migrate',
    ended: '2026-03-01T10:15:00.000Z',
    seconds: 300,
    all_runs: true,
    found: countRuns([4, 5, 6, 9]),
    archived: none,
    failed: [],
    waiting: { fault: [], stop_time: none, copying: none, most_recent: none },
    left: countRuns([4, 5, 6, 9]),
    skipped: none,
    error: null,
    place: null,
  };
  const execution: ExecutionResult = {
    version: 1,
    program: '1.1.0',
    host: 'daq01',
    pid: 7,
    mode: 'pipeline',
    dry_run: false,
    started: '2026-03-01T10:10:00.000Z',
    ended: '2026-03-01T10:20:00.000Z',
    seconds: 600,
    exit_code: 0,
    end: 'success',
    error: null,
    stage: 'Migration',
    stages: [account],
  };
  const lastExecution = withExecution(undefined, execution);
  const stages = { import: idle, migrate: idle };
  const records = { stages, unequal: RunSet.of([2, 5]), lastExecution };
  expect(backlogOf(records)).toMatchObject({ stages: { migrate: { left: 4 } }, unequal: 2 });
  const after = backlogOf({ ...records, givenUp: RunSet.of([5, 6, 7]) });
  expect(after).toMatchObject({ stages: { migrate: { left: 2 } }, unequal: 1 });
});

it('is read from the work directory, where what is unreadable is left out', async () => {
  const directory = await temporaryDirectory();
  const path = (name: string) => join(directory, name);
  const read = () =>
    readBacklog({
      stage: (stage) => ({
        waiting: new WaitingRunsFile(path(`${stage}_waiting.json`), stage, (text) => text),
        failures: new FailureLog(path(`${stage}_failures.log`)),
      }),
      unequal: verificationRecords(directory).unequal,
      lastExecution: new LastExecutionFile(path('last_execution.json'), () => undefined),
    });
  const empty = {
    waiting: 0,
    oldestWaiting: undefined,
    left: undefined,
    failed: 0,
    oldestFailed: undefined,
    lastArchived: undefined,
    lastSuccess: undefined,
  };
  expect(await read()).toEqual({
    stages: { import: empty, migrate: empty },
    unequal: 0,
    lastEnd: undefined,
  });
  writeFileSync(path('unequal_runs.json'), '{"unequal_runs": ["5-6"]}');
  writeFileSync(path('import_waiting.json'), 'torn');
  writeFileSync(path('migrate_failures.log'), '5\n');
  expect(await read()).toEqual({
    stages: {
      import: { ...empty, waiting: undefined },
      migrate: { ...empty, failed: 1, oldestFailed: { run: 5, reason: undefined } },
    },
    unequal: 2,
    lastEnd: undefined,
  });
});
