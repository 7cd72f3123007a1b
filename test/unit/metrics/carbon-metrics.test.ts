import { describe, expect, it } from 'vitest';
import { CarbonMetrics } from '../../../src/metrics/carbon.ts';
import type { StageOutcome } from '../../../src/stages/stage-observer.ts';

type Poster = ConstructorParameters<typeof CarbonMetrics>[0];

async function posted(outcome: Partial<StageOutcome>, mode: 'pipeline' | 'retry-failed' = 'pipeline') {
  const values: Record<string, number> = {};
  const carbon: Poster = {
    post: (name, value) => {
      values[name] = value;
    },
    send: async () => undefined,
  };
  const metrics = new CarbonMetrics(carbon);
  metrics.begin(mode);
  const nothing = {
    successful: [],
    failed: [],
    waiting: [],
    allWaiting: [],
    error: undefined,
    brokenPlace: undefined,
  };
  await metrics.stageEnded({ stage: 'migrate', ...nothing, ...outcome });
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

  it('leave out the import stage, retries, and a stage that could not begin', async () => {
    expect(await posted({ stage: 'import', successful: [1] })).toEqual({});
    expect(await posted({ successful: [1] }, 'retry-failed')).toEqual({});
    expect(await posted({ error: 'unreachable' })).toEqual({});
  });
});
