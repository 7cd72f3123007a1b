import { rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  copyOf,
  documentsIn,
  editIndex,
  forget,
  type IndexJson,
  mapOf,
  readIndex,
  repair,
} from '../../helpers/database-damage.ts';
import { goldenDatabases } from '../../helpers/golden-records.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();
const COLLECTIONS = ['RunHistory', 'SystemLayout'];
const MAPS = ['version', 'configurations.name', 'entities.name', 'runs.name'];
const MEMBERS = [...MAPS, 'aliases.active.name', 'configurations.assigned'];
/** The operator vouches for all runs: which schemas are indexed is tested elsewhere. */
const WHOLE = new Set(Array.from({ length: 20_000 }, (_, run) => run));

/** Damage of one index. Numbers choose among what there is. */
const damage = fc.record({
  collection: fc.constantFrom(...COLLECTIONS),
  kind: fc.constantFrom(
    'forgotten',
    'unlisted somewhere',
    'wrongly listed',
    'not in ouid',
    'out of order',
    'repeated',
    'listed without file',
    'key without ids',
    'missing key',
    'missing stamps',
    'missing member',
  ),
  member: fc.constantFrom(...MAPS),
  first: fc.nat(),
  second: fc.nat(),
});

type Damage = typeof damage extends fc.Arbitrary<infer Value> ? Value : never;

function pick<Item>(items: readonly Item[], number: number): Item | undefined {
  return items[number % Math.max(1, items.length)];
}

function doDamage(database: string, { collection, kind, member, first, second }: Damage): void {
  const documents = documentsIn(database, collection);
  const document = pick(documents, first);
  if (document === undefined) return;
  if (kind === 'forgotten') forget(database, collection, document.id);
  else editIndex(database, collection, (index) => damageIndex(index, kind));

  function damageIndex(index: IndexJson, what: string): void {
    const map = index[member] === undefined ? {} : mapOf(index, member);
    const key = pick(Object.keys(map), second) ?? '';
    const ids = map[key] ?? [];
    if (what === 'unlisted somewhere') map[key] = ids.filter((_, place) => place !== first % ids.length);
    else if (what === 'wrongly listed') map[key] = [...ids, document?.id ?? ''];
    else if (what === 'not in ouid') index.ouid = index.ouid.filter((id) => id !== document?.id);
    else if (what === 'out of order') index.ouid.reverse();
    else if (what === 'repeated') map[key] = [...ids, ...ids];
    else if (what === 'listed without file') listLost(index);
    else if (what === 'key without ids') map['5/none'] = [];
    else if (what === 'missing key') delete map[key];
    else if (what === 'missing stamps') delete index['configurations.assigned']?.[key as keyof object];
    else delete (index as Record<string, unknown>)[member];
  }

  function listLost(index: IndexJson): void {
    // Of a lost document whose entity nothing tells, the run must be taken for damaged: that is tested elsewhere.
    if (['configurations.name', 'entities.name'].some((map) => index[map] === undefined)) return;
    const lost = first.toString(16).padStart(24, 'f');
    for (const [map, key] of [
      ['configurations.name', document?.configuration ?? ''],
      ['entities.name', document?.entity ?? ''],
    ] as const) {
      const lists = mapOf(index, map);
      lists[key] = [...(lists[key] ?? []), lost];
    }
  }
}

function lossesLast(damages: readonly Damage[]): Damage[] {
  const isLoss = ({ kind }: Damage): boolean => kind === 'listed without file';
  return [...damages.filter((each) => !isLoss(each)), ...damages.filter(isLoss)];
}

/** An index whatever the order of its keys; lists are compared in their order. */
function contentOf(database: string, collection: string): object {
  const index = readIndex(database, collection);
  return Object.fromEntries(
    ['ouid', ...MEMBERS].map((member) => {
      const value = index[member];
      if (value === undefined || Array.isArray(value)) return [member, value];
      return [member, Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))];
    }),
  );
}

describe('an index after any damage', () => {
  const runsIn = (database: string): number => documentsIn(database, 'SystemLayout').length;
  const [richest = ''] = goldenDatabases().sort((one, other) => runsIn(other) - runsIn(one));

  it.each(goldenDatabases())(
    'an index that the repair makes again is the one that the C++ tools wrote',
    async (golden) => {
      const database = await copyOf(golden, await temporaryDirectory());
      for (const collection of COLLECTIONS) rmSync(join(database, collection, 'index.json'));
      await repair(database, { apply: true });
      for (const collection of COLLECTIONS) {
        expect(contentOf(database, collection)).toEqual(contentOf(golden, collection));
      }
    },
  );

  it('a repair restores the index to what it was', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(damage, { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        async (damages, deep) => {
          const database = await copyOf(richest, await temporaryDirectory());
          for (const each of lossesLast(damages)) doDamage(database, each);
          await repair(database, { apply: true, deep, whole: WHOLE });
          for (const collection of COLLECTIONS) {
            expect(contentOf(database, collection)).toEqual(contentOf(richest, collection));
          }
          expect(await repair(database, { deep: true })).toMatchObject({ findings: [], done: [] });
        },
      ),
      { numRuns: 25 },
    );
  });
});
