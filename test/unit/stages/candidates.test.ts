import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attemptedUpTo, incrementalRuns, missingRuns, planBatch } from '../../../src/stages/candidates.ts';

const runs = fc.uniqueArray(fc.nat(50)).map((list) => list.sort((a, b) => a - b));

describe('missingRuns', () => {
  it('is the ascending difference of source and target', () => {
    fc.assert(
      fc.property(runs, runs, (source, target) => {
        const missing = missingRuns({ source, target });
        expect(missing).toEqual(source.filter((run) => !target.includes(run)));
      }),
    );
  });
});

describe('incrementalRuns', () => {
  const none: ReadonlySet<number> = new Set();

  it('looks above the position only', () => {
    expect(incrementalRuns([1, 2, 3, 4], { position: 2, failed: none, late: none })).toEqual([3, 4]);
  });

  it('looks at run 0 as long as there is no position', () => {
    expect(incrementalRuns([0, 1], { position: 0, failed: none, late: none })).toEqual([0, 1]);
    expect(incrementalRuns([0, 2], { position: 1, failed: none, late: none })).toEqual([2]);
  });

  it('adds runs that came late, below the position', () => {
    expect(incrementalRuns([1, 2, 3], { position: 2, failed: none, late: new Set([1]) })).toEqual([1, 3]);
  });

  it('leaves runs in the failure log to a retry', () => {
    const view = { position: 2, failed: new Set([1, 3]), late: new Set([1]) };
    expect(incrementalRuns([1, 2, 3, 4], view)).toEqual([4]);
  });
});

describe('attemptedUpTo', () => {
  it('stops before the first run that is still in progress', () => {
    expect(attemptedUpTo([3, 5, 9], new Set([3, 9]))).toBe(3);
    expect(attemptedUpTo([3, 5, 9], new Set([3, 5, 9]))).toBe(9);
    expect(attemptedUpTo([3, 5, 9], new Set([5, 9]))).toBeUndefined();
  });

  it('never hides a run that has not ended', () => {
    fc.assert(
      fc.property(runs, runs, (batch, ended) => {
        const upTo = attemptedUpTo(batch, new Set(ended)) ?? -1;
        expect(batch.filter((run) => run <= upTo).every((run) => ended.includes(run))).toBe(true);
      }),
    );
  });
});

describe('planBatch', () => {
  const view = { position: 0, failed: new Set<number>(), late: new Set<number>() };

  it('fills the batch with runs that need not wait, and asks about no more than it must', async () => {
    await fc.assert(
      fc.asyncProperty(runs, runs, fc.integer({ min: 1, max: 10 }), async (source, waiting, limit) => {
        const asked: number[] = [];
        const plan = await planBatch({ source, target: [] }, view, { mode: 'full', limit }, async (run) => {
          asked.push(run);
          return waiting.includes(run) ? 'for it' : undefined;
        });
        const ready = source.filter((run) => !waiting.includes(run));
        expect(plan.batch).toEqual(ready.slice(0, limit));
        const postponed = plan.waiting.get('for it') ?? [];
        expect([...plan.batch, ...postponed].sort((a, b) => a - b)).toEqual(asked);
        expect(plan.left).toBe(source.length - asked.length);
        expect(plan.order).toEqual(source);
        if (plan.batch.length === limit) expect(asked.at(-1)).toBe(plan.batch.at(-1));
      }),
    );
  });

  it('gives failed runs what room others leave, so that they never keep all others out', async () => {
    const listing = { source: [1, 2, 3, 4, 5], target: [] };
    const failed = { ...view, failed: new Set([1, 2, 3]) };
    const batchOf = async (limit: number) =>
      (await planBatch(listing, failed, { mode: 'full', limit })).batch;
    expect(await batchOf(1)).toEqual([4]);
    expect(await batchOf(3)).toEqual([1, 4, 5]);
    expect((await planBatch(listing, failed, { mode: 'failed', limit: 2 })).batch).toEqual([1, 2]);
  });
});
