import fc from 'fast-check';
import { expect, it } from 'vitest';
import { takeTurns } from '../../../src/modes/verify-runs.ts';

const runs = fc.uniqueArray(fc.nat(60), { minLength: 1 }).map((list) => list.sort((a, b) => a - b));

it('a verification gives each run one turn per round, whichever runs stay unequal', () => {
  fc.assert(
    fc.property(runs, runs, runs, fc.integer({ min: 1, max: 10 }), (present, differing, unequal, limit) => {
      const known = new Set(unequal);
      const turns: number[] = [];
      for (let left = present.length; left > 0; ) {
        const plan = takeTurns(
          present,
          (run) => turns.includes(run),
          (run) => known.has(run),
          limit,
        );
        expect(plan).toMatchObject({ isNewRound: false, left: Math.max(0, left - limit) });
        turns.push(...plan.batch);
        for (const run of plan.batch) known[differing.includes(run) ? 'add' : 'delete'](run);
        left = plan.left;
      }
      expect(turns.toSorted((a, b) => a - b)).toEqual(present);
    }),
  );
});

it('a verification begins with the runs that were unequal, the newest first', () => {
  const plan = takeTurns(
    [1, 2, 3, 4, 5],
    (run) => run === 5,
    (run) => run < 3,
    undefined,
  );
  expect(plan).toEqual({ batch: [2, 1, 4, 3], left: 0, isNewRound: false });
});

it('a verification begins a new round when nothing is left of the last one', () => {
  const all = () => true;
  expect(takeTurns([1, 2, 3], all, all, 2)).toEqual({ batch: [3, 2], left: 1, isNewRound: true });
});
