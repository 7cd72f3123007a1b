import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attemptedUpTo, incrementalRuns, missingRuns } from '../../../src/stages/candidates.ts';

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
