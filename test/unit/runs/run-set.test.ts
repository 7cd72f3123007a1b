import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatGaps, formatRanges, RunSet, toRanges } from '../../../src/runs/run-set.ts';

it('RunSet.meets tells whether a run of a range is in the set, and a set knows what was asked for', () => {
  const range = fc.tuple(fc.nat(40), fc.nat(5)).map(([first, length]) => ({ first, last: first + length }));
  fc.assert(
    fc.property(fc.array(fc.nat(40)), range, (runs, { first, last }) => {
      const isThere = runs.some((run) => run >= first && run <= last);
      expect(RunSet.of(runs).meets({ first, last })).toBe(isThere);
    }),
  );
  expect(RunSet.fromTexts(['7', '3-5', '6'])?.asked).toEqual([
    { first: 7, last: 7 },
    { first: 3, last: 5 },
    { first: 6, last: 6 },
  ]);
});

it('RunSet.without leaves all but the runs taken out', () => {
  const runs = fc.array(fc.nat(40));
  fc.assert(
    fc.property(runs, runs, (all, gone) => {
      const left = RunSet.of(all).without(gone);
      expect(left.toTexts()).toEqual(RunSet.of(all.filter((run) => !gone.includes(run))).toTexts());
    }),
  );
});

describe('toRanges', () => {
  it('covers exactly the given runs', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(40)), (unsorted) => {
        const runs = [...unsorted].sort((a, b) => a - b);
        const covered = toRanges(runs).flatMap(({ first, last }) =>
          Array.from({ length: last - first + 1 }, (_, index) => first + index),
        );
        expect(covered).toEqual(runs);
      }),
    );
  });
});

describe('formatRanges and formatGaps', () => {
  it('name single runs and ranges', () => {
    expect(formatRanges(toRanges([1, 2, 3, 5]))).toBe('1-3, 5');
    expect(formatGaps(toRanges([1, 2, 3, 5, 8]))).toBe('4, 6, 7');
    expect(formatGaps(toRanges([1, 2]))).toBe('None');
  });

  it('abbreviate long lists', () => {
    const odd = Array.from({ length: 12 }, (_, index) => 2 * index + 1);
    expect(formatRanges(toRanges(odd))).toBe('1, 3, 5, 7, 9 ... 15, 17, 19, 21, 23 (12 ranges total)');
    expect(formatGaps(toRanges([1, 1_000_000_000]))).toMatch(
      /^2, 3, .*, 21 \.\.\. \(999999998 gaps total\)$/,
    );
  });
});
