import { describe, expect, it } from 'vitest';
import { CarbonMetrics } from '../../../src/metrics/carbon.ts';
import type { StageOutcome } from '../../../src/stages/stage-observer.ts';
import { type Backlog, backlogOf } from '../../../src/state/backlog.ts';
import { noReasons } from '../../../src/state/failure-reasons.ts';
import { nobodyWaits } from '../../../src/state/waiting-runs.ts';

type Poster = ConstructorParameters<typeof CarbonMetrics>[0];

const records = { waiting: nobodyWaits, failed: [], reasons: noReasons };
const nothingToDo = backlogOf({
  stages: { import: records, migrate: records },
  unequal: undefined,
  lastExecution: undefined,
});
let backlog: Backlog = nothingToDo;

async function posted(
  outcome: Partial<StageOutcome> | 'end',
  mode: 'pipeline' | 'retry-failed' = 'pipeline',
) {
  const values: Record<string, number> = {};
  const carbon: Poster = {
    post: (name, value) => {
      values[name] = value;
    },
    send: async () => undefined,
  };
  const metrics = new CarbonMetrics(carbon, {
    backlog: async () => backlog,
    now: () => new Date('2026-03-01T12:01:00Z'),
  });
  metrics.begin(mode);
  const nothing = {
    successful: [],
    failed: [],
    waiting: [],
    allWaiting: [],
    error: undefined,
    brokenPlace: undefined,
  };
  if (outcome === 'end') await metrics.executionEnded();
  else await metrics.stageEnded({ stage: 'migrate', ...nothing, ...outcome });
  return values;
}

describe('the metrics for Carbon', () => {
  it('count the runs of the migrate stage and name the highest one that succeeded', async () => {
    const failed = [{ run: 900, error: 'x' }];
    expect(await posted({ successful: [7, 801, 12], failed })).toEqual({
      'migrate.runs_processed': 4,
      'migrate.runs_successful': 3,
      'migrate.runs_failed': 1,
      'migrate.last_successful_run': 801,
    });
  });

  it('are zeros if there was nothing to migrate, and name no run if none succeeded', async () => {
    expect(await posted({})).toEqual({
      'migrate.runs_processed': 0,
      'migrate.runs_successful': 0,
      'migrate.runs_failed': 0,
    });
  });

  it('distinguish run 0 from no run', async () => {
    expect(await posted({ successful: [0] })).toMatchObject({ 'migrate.last_successful_run': 0 });
  });

  it('tell at the end of each execution what is still to be done, as far as it is known', async () => {
    expect(await posted('end')).toEqual({
      'import.runs_waiting': 0,
      'import.runs_waiting_oldest_seconds': 0,
      'import.runs_failure_log': 0,
      'migrate.runs_waiting': 0,
      'migrate.runs_waiting_oldest_seconds': 0,
      'migrate.runs_failure_log': 0,
    });
    const { stages } = nothingToDo;
    backlog = {
      lastEnd: '2026-03-01T12:00:59.000Z',
      unequal: 2,
      stages: {
        import: { ...stages.import, waiting: undefined },
        migrate: {
          waiting: 3,
          left: 4,
          failed: 5,
          oldestFailed: undefined,
          oldestWaiting: { run: 5, since: '2026-03-01T12:00:00.000Z', place: 'UconDB write', cause: 'x' },
          lastArchived: { time: '2026-03-01T11:00:00.000Z', run: 4 },
          lastSuccess: '2026-03-01T10:00:00.000Z',
        },
      },
    };
    const seconds = (time: string) => Date.parse(`2026-03-01T${time}Z`) / 1000;
    expect(await posted('end', 'retry-failed')).toEqual({
      'import.runs_failure_log': 0,
      'migrate.runs_waiting': 7,
      'migrate.runs_waiting_oldest_seconds': 60,
      'migrate.runs_failure_log': 5,
      'migrate.runs_unequal': 2,
      'migrate.last_archived_time': seconds('11:00:00'),
      'migrate.last_success_time': seconds('10:00:00'),
      'execution.last_end_time': seconds('12:00:59'),
    });
  });

  it('leave out the import stage, retries, and a stage that could not begin', async () => {
    expect(await posted({ stage: 'import', successful: [1] })).toEqual({});
    expect(await posted({ successful: [1] }, 'retry-failed')).toEqual({});
    expect(await posted({ error: 'unreachable' })).toEqual({});
  });
});
