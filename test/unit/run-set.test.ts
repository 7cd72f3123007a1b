import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RunSet } from '../../src/run-set.ts';

it('RunSet.without leaves all but the runs taken out', () => {
  const runs = fc.array(fc.nat(40));
  fc.assert(
    fc.property(runs, runs, (all, gone) => {
      const left = RunSet.of(all).without(gone);
      expect(left.toTexts()).toEqual(RunSet.of(all.filter((run) => !gone.includes(run))).toTexts());
    }),
  );
});
