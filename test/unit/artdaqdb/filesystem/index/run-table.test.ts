import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RunTable } from '../../../../../src/artdaqdb/filesystem/index/run-table.ts';

it('a table finds the places of each run in their order, and lists each run once', () => {
  const runs = fc.array(fc.oneof(fc.nat(20), fc.maxSafeNat()), { maxLength: 100 });
  fc.assert(
    fc.property(runs, (all) => {
      const table = new RunTable();
      for (const [place, run] of all.entries()) table.add(run, place);
      const moved = table.moved((place) => place + 1000);
      expect(table.runs()).toEqual([...new Set(all)].sort((one, other) => one - other));
      for (const run of [...all, 21]) {
        const places = all.flatMap((each, place) => (each === run ? [place] : []));
        expect(table.placesOf(run)).toEqual(places);
        expect(moved.placesOf(run)).toEqual(places.map((place) => place + 1000));
      }
    }),
  );
});
