import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RunSet, without } from '../../../src/runs/run-set.ts';
import { blobOf, type Cut, StageModel } from '../../helpers/stage-model.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();

/** One thing that happens. */
type Event = (model: StageModel) => Promise<void>;

function named(name: string, event: Event): Event {
  return Object.assign(event, { [fc.toStringMethod]: () => name });
}

const run = fc.integer({ min: 0, max: 14 });
const runs = fc.uniqueArray(run, { minLength: 1, maxLength: 5 });
const cut: fc.Arbitrary<Cut | undefined> = fc.option(
  fc.record({ how: fc.constantFrom('kill', 'shutdown'), step: fc.integer({ min: 1, max: 8 }) }),
  { nil: undefined },
);

const execute = fc
  .record({
    mode: fc.constantFrom('full', 'incremental', 'incremental', 'failed'),
    selection: fc.option(runs, { nil: undefined }),
    limit: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
    workers: fc.integer({ min: 1, max: 3 }),
    cut,
  })
  .map(({ mode, selection, limit, workers, cut: end }) =>
    named(`execute(${JSON.stringify({ mode, selection, limit, workers, end })})`, async (model) => {
      const before = new Set(model.world.archived);
      const request = { mode, runs: selection && RunSet.of(selection), limit };
      const failedBefore = await model.files.failures.read();
      const { foretold, ended } = await model.execute(request, workers, end);
      const { odd, outage, broken, damaged, unreadable } = model.world;
      const isCalm = odd.size + unreadable.size === 0 && outage === undefined;
      if (end === undefined && isCalm) expect(ended).toEqual(foretold);
      const condemned = without(await model.files.failures.read(), failedBefore);
      const mayBe = [...broken, ...damaged, ...unreadable, ...(outage === undefined ? odd : [])];
      expect(mayBe).toEqual(expect.arrayContaining(condemned));
      const after = model.world.archived.filter((each) => !before.has(each));
      if (limit !== undefined) expect(after.length).toBeLessThanOrEqual(limit);
      if (selection !== undefined) expect(selection).toEqual(expect.arrayContaining(after));
      if (mode === 'incremental') expect(after.filter((each) => model.world.skipped.has(each))).toEqual([]);
    }),
  );

const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 4, arbitrary: execute },
  runs.map((list) =>
    named(`appear(${list})`, async ({ world }) => {
      for (const each of list) world.directories.add(each);
    }),
  ),
  run.map((each) =>
    named(`vanish(${each})`, async ({ world }) => {
      world.directories.delete(each);
    }),
  ),
  run.map((each) =>
    named(`break(${each})`, async ({ world }) => {
      world.broken.add(each);
    }),
  ),
  run.map((each) =>
    named(`repair(${each})`, async ({ world }) => {
      world.broken.delete(each);
    }),
  ),
  fc.constantFrom('site' as const, 'unknown' as const, undefined).map((outage) =>
    named(`outage(${outage})`, async ({ world }) => {
      world.outage = outage;
    }),
  ),
  run.map((each) =>
    named(`becomeOdd(${each})`, async ({ world }) => {
      world.odd.add(each);
    }),
  ),
  run.map((each) =>
    named(`becomeEven(${each})`, async ({ world }) => {
      world.odd.delete(each);
    }),
  ),
  runs.map((list) =>
    named(`wait(${list})`, async ({ world }) => {
      world.waiting.clear();
      for (const each of list) world.waiting.add(each);
    }),
  ),
  run.map((each) =>
    named(`archivedByAnother(${each})`, async ({ world }) => {
      if (!world.blobs.has(each)) world.blobs.set(each, blobOf(each));
    }),
  ),
  runs.map((list) =>
    named(`damageTheUploadsOf(${list})`, async ({ world }) => {
      for (const each of list) world.damaging.add(each);
    }),
  ),
  runs.map((list) =>
    named(`cannotBeReadBack(${list})`, async ({ world }) => {
      world.unreadable.clear();
      for (const each of list) world.unreadable.add(each);
    }),
  ),
  fc
    .option(fc.integer({ min: 0, max: 2 }), { nil: undefined })
    .map((after) => named(`recover(killed after ${after})`, (model) => model.recover(after))),
);

it('a stage loses no run and archives none twice, whatever happens', async () => {
  await fc.assert(
    fc.asyncProperty(
      runs,
      runs,
      fc.option(run, { nil: undefined }),
      fc.array(event, { minLength: 1, maxLength: 16 }),
      async (present, damaging, position, events) => {
        const model = new StageModel(await temporaryDirectory());
        const { world } = model;
        for (const each of present) world.directories.add(each);
        for (const each of damaging) world.damaging.add(each);
        if (position !== undefined) await model.setPosition(position);
        for (const happen of events) {
          await happen(model);
          expect(await model.lost()).toEqual([]);
          expect(without(world.damaged, await model.uncertain())).toEqual([]);
        }
        world.broken.clear();
        world.odd.clear();
        world.waiting.clear();
        world.outage = undefined;
        world.unreadable.clear();
        world.damaging.clear();
        const { damaged } = world;
        await model.execute({ mode: 'incremental' }, 2);
        expect(await model.files.failures.read()).toEqual(
          expect.arrayContaining(damaged.filter((each) => world.directories.has(each))),
        );
        for (const each of damaged) world.blobs.delete(each);
        const { source } = world.listing;
        await model.execute({ mode: 'failed' }, 2);
        await model.execute({ mode: 'incremental', limit: 100 }, 2);
        const archived = (): boolean[] => source.map((each) => world.archived.includes(each));
        expect(source.filter((each) => !world.archived.includes(each) && !world.skipped.has(each))).toEqual(
          [],
        );
        await model.execute({ mode: 'full', limit: 100 }, 2);
        expect(archived()).not.toContain(false);
        expect(world.sentAgain).toEqual([]);
        expect((await model.uncertain()).filter((each) => world.directories.has(each))).toEqual([]);
        expect(world.damaged).toEqual([]);
        expect((await model.files.failures.read()).filter((each) => world.directories.has(each))).toEqual([]);
      },
    ),
    { numRuns: 50 },
  );
});
