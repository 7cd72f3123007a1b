import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RunSet } from '../../../src/runs/run-set.ts';
import {
  AttemptedOrder,
  incrementalRuns,
  type Listing,
  missingRuns,
  planBatch,
} from '../../../src/stages/candidates.ts';
import { nobodyWaits, type WaitingRun } from '../../../src/state/waiting-runs.ts';

const runs = fc.uniqueArray(fc.nat(50)).map((list) => list.sort((a, b) => a - b));

function listingOf(source: readonly number[], target: readonly number[] = []): Listing {
  return { source: RunSet.of(source), target: RunSet.of(target) };
}

describe('missingRuns', () => {
  it('the missing runs are those of the source that the target lacks, ascending', () => {
    fc.assert(
      fc.property(runs, runs, (source, target) => {
        const missing = missingRuns(listingOf(source, target));
        expect(missing).toEqual(source.filter((run) => !target.includes(run)));
      }),
    );
  });
});

describe('incrementalRuns', () => {
  const none: ReadonlySet<number> = new Set();

  it('only runs above the position are candidates', () => {
    expect(
      incrementalRuns([1, 2, 3, 4], { position: 2, failed: none, late: none, waiting: nobodyWaits }),
    ).toEqual([3, 4]);
  });

  it('run 0 is a candidate as long as there is no position', () => {
    expect(incrementalRuns([0, 1], { position: 0, failed: none, late: none, waiting: nobodyWaits })).toEqual([
      0, 1,
    ]);
    expect(incrementalRuns([0, 2], { position: 1, failed: none, late: none, waiting: nobodyWaits })).toEqual([
      2,
    ]);
  });

  it('runs that came late, below the position, are candidates', () => {
    expect(
      incrementalRuns([1, 2, 3], { position: 2, failed: none, late: new Set([1]), waiting: nobodyWaits }),
    ).toEqual([1, 3]);
  });

  it('runs in the failure log are left to a retry', () => {
    const view = { position: 2, failed: new Set([1, 3]), late: new Set([1]), waiting: nobodyWaits };
    expect(incrementalRuns([1, 2, 3, 4], view)).toEqual([4]);
  });
});

describe('AttemptedOrder', () => {
  it('the attempted position stops before the first run that is still in progress', () => {
    expect(new AttemptedOrder([3, 5, 9]).upTo(new Set([3, 9]))).toBe(3);
    expect(new AttemptedOrder([3, 5, 9]).upTo(new Set([3, 5, 9]))).toBe(9);
    expect(new AttemptedOrder([3, 5, 9]).upTo(new Set([5, 9]))).toBeUndefined();
  });

  it('the attempted position never hides a run that has not ended', () => {
    fc.assert(
      fc.property(runs, runs, (batch, ended) => {
        const upTo = new AttemptedOrder(batch).upTo(new Set(ended)) ?? -1;
        expect(batch.filter((run) => run <= upTo).every((run) => ended.includes(run))).toBe(true);
      }),
    );
  });

  it('the attempted position is the same however many looks there were before', () => {
    fc.assert(
      fc.property(runs, fc.shuffledSubarray(Array.from({ length: 51 }, (_, run) => run)), (batch, ends) => {
        const order = new AttemptedOrder(batch);
        const ended = new Set<number>();
        for (const run of ends) {
          ended.add(run);
          expect(order.upTo(ended)).toBe(new AttemptedOrder(batch).upTo(ended));
        }
      }),
    );
  });
});

describe('planBatch', () => {
  const view = { position: 0, failed: new Set<number>(), late: new Set<number>(), waiting: nobodyWaits };

  it('the batch is filled with runs that need not wait, with only a few questions', async () => {
    await fc.assert(
      fc.asyncProperty(runs, runs, fc.integer({ min: 1, max: 10 }), async (source, later, limit) => {
        const asked: number[] = [];
        let questions = 0;
        const plan = await planBatch(listingOf(source), view, { mode: 'full', limit }, async (some) => {
          asked.push(...some);
          questions++;
          const postponed = some.filter((run) => later.includes(run));
          return new Map(postponed.map((run) => [run, 'copying'] as const));
        });
        const ready = source.filter((run) => !later.includes(run));
        expect(plan.others).toEqual(ready.slice(0, limit));
        const postponed = [...plan.postponed.keys()];
        expect(postponed).toEqual(asked.filter((run) => later.includes(run)));
        expect(asked).toEqual(source.slice(0, asked.length));
        expect(questions).toBeLessThanOrEqual(1 + Math.ceil(Math.log2(Math.max(1, source.length / limit))));
        expect(plan.selected).toEqual(source.filter((run) => !postponed.includes(run)));
        expect(plan.order).toEqual(source);
        if (!source.slice(0, limit).some((run) => later.includes(run)))
          expect(asked).toEqual(source.slice(0, limit));
      }),
    );
  });

  it('a few questions suffice even if all of many runs are postponed', async () => {
    const source = Array.from({ length: 100 }, (_, index) => index);
    let questions = 0;
    await planBatch(listingOf(source), view, { mode: 'full', limit: 5 }, async (some) => {
      questions++;
      return new Map(some.map((run) => [run, 'copying'] as const));
    });
    expect(questions).toBeLessThan(8);
  });

  it('the most recent candidate is left for later if configured, except in retries', async () => {
    const listing = listingOf([1, 2, 3, 4], [4]);
    const failed = { ...view, position: 1, failed: new Set([2]) };
    const planOf = async (mode: 'full' | 'incremental' | 'failed', chosen?: readonly number[]) => {
      const selection = chosen && RunSet.of(chosen);
      const request = { mode, runs: selection, limit: 10, excludeMostRecentRun: true };
      const { others, postponed, order } = await planBatch(listing, failed, request);
      return { others, waits: [...postponed], order };
    };
    const waits = [[3, 'most-recent']];
    expect(await planOf('full')).toEqual({ others: [1, 2], waits, order: [1, 2, 3] });
    expect(await planOf('incremental')).toEqual({ others: [], waits, order: [3] });
    expect(await planOf('full', [3])).toEqual({ others: [], waits, order: [1, 2, 3] });
    expect(await planOf('full', [1])).toEqual({ others: [1], waits: [], order: [1, 2, 3] });
    expect(await planOf('failed')).toEqual({ others: [2], waits: [], order: [] });
  });

  it('runs that wait because of a fault are candidates wherever the position is, those tried least first', async () => {
    const waits = (cycles: number): WaitingRun => ({
      place: 'UconDB write',
      fault: 'unknown',
      cause: 'x',
      since: '2026-12-01T00:00:00.000Z',
      cycles,
      successes: 0,
      undecided: false,
    });
    const byFault = new Map([
      [2, waits(3)],
      [4, waits(1)],
      [9, waits(1)],
    ]);
    const late = { ...view, position: 6, waiting: { ...nobodyWaits, byFault } };
    const listing = listingOf([1, 2, 4, 7, 8, 9]);
    const plan = await planBatch(listing, late, { mode: 'incremental', limit: 2 });
    expect(plan).toMatchObject({ others: [7, 8], waiting: [4, 9], order: [7, 8, 9] });
  });

  it('a run not known to be right is not sent again, and holds the position back unless it failed', async () => {
    const listing = { ...listingOf([1, 2, 3]), uncertain: [1, 2] };
    const failed = { ...view, failed: new Set([1]) };
    for (const mode of ['full', 'incremental'] as const) {
      const plan = await planBatch(listing, failed, { mode, limit: 9 });
      expect(plan).toMatchObject({ others: [3], order: [2, 3] });
    }
    expect(await planBatch(listing, failed, { mode: 'failed', limit: 9 })).toMatchObject({ others: [] });
  });

  it('executions of one run each alternate between those that wait and the others', async () => {
    const waiting: WaitingRun = {
      place: 'UconDB write',
      fault: 'site',
      cause: 'x',
      since: '2026-12-01T00:00:00.000Z',
      cycles: 1,
      successes: 0,
      undecided: false,
    };
    const planOf = async (beganWithWaiting: boolean) => {
      const state = { ...nobodyWaits, byFault: new Map([[2, waiting]]), beganWithWaiting };
      const request = { mode: 'incremental', limit: 1 } as const;
      return await planBatch(listingOf([2, 3]), { ...view, waiting: state }, request);
    };
    expect(await planOf(false)).toMatchObject({ others: [], waiting: [2] });
    expect(await planOf(true)).toMatchObject({ others: [3] });
  });

  it('failed runs get the room that others leave, so that they never keep all others out', async () => {
    const listing = listingOf([1, 2, 3, 4, 5]);
    const failed = { ...view, failed: new Set([1, 2, 3]) };
    const batchOf = async (limit: number) =>
      (await planBatch(listing, failed, { mode: 'full', limit })).others;
    expect(await batchOf(1)).toEqual([4]);
    expect(await batchOf(3)).toEqual([1, 4, 5]);
    expect((await planBatch(listing, failed, { mode: 'failed', limit: 2 })).others).toEqual([1, 2]);
  });
});
