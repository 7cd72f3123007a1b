import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RunSet, without } from '../../../src/runs/run-set.ts';
import { type Cut, StageModel } from '../../helpers/stage-model.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();

/** One thing that happens. */
type Event = (model: StageModel) => Promise<void>;

function named(name: string, event: Event): Event {
  return Object.assign(event, { [fc.toStringMethod]: () => name });
}

const run = fc.integer({ min: 0, max: 9 });
const runs = fc.uniqueArray(run, { minLength: 1, maxLength: 4 });
const cut: fc.Arbitrary<Cut | undefined> = fc.option(
  fc.record({ how: fc.constantFrom('kill', 'shutdown'), step: fc.integer({ min: 1, max: 6 }) }),
  { nil: undefined },
);
/** Giving up and taking up change at most eight files. */
const killedAfter = fc.option(fc.integer({ min: 0, max: 8 }), { nil: undefined });

const execute = fc
  .record({
    mode: fc.constantFrom('full', 'incremental', 'incremental', 'failed'),
    selection: fc.option(runs, { nil: undefined }),
    cut,
  })
  .map(({ mode, selection, cut: end }) =>
    named(`execute(${JSON.stringify({ mode, selection, end })})`, async (model) => {
      const before = new Set(model.world.archived);
      const { runs: givenUp } = await model.records.givenUp.read();
      await model.execute({ mode, runs: selection && RunSet.of(selection), limit: 3 }, 2, end);
      expect(model.world.archived.filter((each) => !before.has(each) && givenUp.has(each))).toEqual([]);
      expect((await model.records.givenUp.read()).runs.toTexts()).toEqual(givenUp.toTexts());
    }),
  );

const change = fc.record({ list: runs, killed: killedAfter });

const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 4, arbitrary: execute },
  {
    weight: 3,
    arbitrary: change.map(({ list, killed }) =>
      named(`giveUp(${list}; killed after ${killed})`, (model) => model.giveUp(list, killed)),
    ),
  },
  {
    weight: 2,
    arbitrary: change.map(({ list, killed }) =>
      named(`takeUp(${list}; killed after ${killed})`, (model) => model.takeUp(list, killed)),
    ),
  },
  {
    weight: 2,
    arbitrary: runs.map((list) =>
      named(`appear(${list})`, async ({ world }) => {
        for (const each of list) world.directories.add(each);
      }),
    ),
  },
  run.map((each) =>
    named(`break(${each})`, async ({ world }) => {
      world.broken.add(each);
    }),
  ),
  fc.constantFrom('site' as const, 'unknown' as const, undefined).map((outage) =>
    named(`outage(${outage})`, async ({ world }) => {
      world.outage = outage;
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

/** Whatever the files say, a given-up run is neither failed nor waiting. */
async function expectNotesToHold({ files, records }: StageModel): Promise<void> {
  const givenUp = await records.givenUp.read();
  expect((await files.failures.read()).filter((each) => givenUp.has(each))).toEqual([]);
  const { byFault } = await files.waiting.read();
  expect([...byFault.keys()].filter((each) => givenUp.has(each))).toEqual([]);
}

it('nobody archives a run that is given up, and none is lost, in any order of giving up, taking up, executions and kills', async () => {
  await fc.assert(
    fc.asyncProperty(
      runs,
      fc.option(run, { nil: undefined }),
      fc.array(event, { minLength: 2, maxLength: 14 }),
      async (present, position, events) => {
        const model = new StageModel(await temporaryDirectory());
        const { world, files, records } = model;
        for (const each of present) world.directories.add(each);
        if (position !== undefined) await model.setPosition(position);
        for (const happen of events) {
          await happen(model);
          await expectNotesToHold(model);
          expect(await model.lost()).toEqual([]);
          expect(without(world.damaged, await model.uncertain())).toEqual([]);
        }
        await model.takeUp([...(await records.givenUp.read()).runs.numbers()]);
        expect((await records.givenUp.read()).notes).toEqual([]);
        expect(await model.lost()).toEqual([]);
        for (const each of world.damaged) world.blobs.delete(each);
        for (const trouble of [world.broken, world.unreadable, world.damaging]) trouble.clear();
        world.outage = undefined;
        await model.execute({ mode: 'failed' }, 2);
        await model.execute({ mode: 'incremental', limit: 100 }, 2);
        const { source } = world.listing;
        expect(without(source, world.archived).filter((each) => !world.skipped.has(each))).toEqual([]);
        await model.execute({ mode: 'full', limit: 100 }, 2);
        expect(without(source, world.archived)).toEqual([]);
        expect(await files.failures.read()).toEqual([]);
      },
    ),
    { numRuns: 12 },
  );
});
