import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RunSet } from '../../../src/runs/run-set.ts';

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
