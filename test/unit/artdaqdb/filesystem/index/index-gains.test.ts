import fc from 'fast-check';
import { expect, it } from 'vitest';
import { IndexBytes } from '../../../../../src/artdaqdb/filesystem/index/index-bytes.ts';
import type { ListedText } from '../../../../../src/artdaqdb/filesystem/index/index-entry.ts';
import { gainsOf, type ScannedIndex } from '../../../../../src/artdaqdb/filesystem/index/index-gains.ts';
import { noLists } from '../../../../../src/artdaqdb/filesystem/index/index-layout.ts';
import { scanIndex } from '../../../../../src/artdaqdb/filesystem/index/index-scan.ts';

const texts = fc.array(fc.stringMatching(/^[a-c]{1,2}$/), { maxLength: 4 });
const map = fc.uniqueArray(fc.tuple(fc.constantFrom('5/c', '5"c', '10/c', 'x'), texts), {
  selector: ([key]) => key,
});
/** Neither order nor layout is that of the C++ tools. */
const index = fc.record({
  members: fc.record({ ouid: texts, 'runs.name': map, 'configurations.name': map }, { requiredKeys: [] }),
  space: fc.constantFrom('', ' ', '\n', '\r\n\t'),
  windowBytes: fc.integer({ min: 1, max: 40 }),
});
type Index = typeof index extends fc.Arbitrary<infer Value> ? Value : never;

function listsOf({ members }: Index): Map<string, readonly string[]> {
  const { ouid, ...maps } = members;
  const lists = Object.entries(maps).flatMap(([member, keys = []]) =>
    keys.map(([key, list]) => [JSON.stringify([member, key]), list] as const),
  );
  return new Map(ouid === undefined ? lists : [[JSON.stringify(['ouid', '']), ouid], ...lists]);
}

function scanned({ members, space, windowBytes }: Index): ScannedIndex {
  const spread = (parts: readonly string[]) => parts.join(`${space},${space}`);
  const list = (each: readonly string[]) =>
    `[${space}${spread(each.map((text) => JSON.stringify(text)))}${space}]`;
  const entry = (key: string, value: string) => `${JSON.stringify(key)}${space}:${space}${value}`;
  const { ouid, ...maps } = members;
  const all = Object.entries(maps).map(([member, keys = []]) =>
    entry(member, `{${space}${spread(keys.map(([key, each]) => entry(key, list(each))))}}`),
  );
  if (ouid !== undefined) all.push(entry('ouid', list(ouid)));
  const bytes = IndexBytes.of(Buffer.from(`{${spread(all)}${space}}`), windowBytes);
  return { bytes, layout: scanIndex(bytes, noLists) };
}

it('the gains of an index are the texts that it lists and the other does not, list by list', () => {
  fc.assert(
    fc.property(index, index, (gained, current) => {
      const known = listsOf(current);
      const expected = [...listsOf(gained)].flatMap(([place, list]) => {
        const [member, key] = JSON.parse(place);
        const missing = list.filter((text) => known.get(place)?.includes(text) !== true);
        return missing.map((text): ListedText => [member, key, text]);
      });
      const plain = (gains: readonly ListedText[]) => gains.map((each) => JSON.stringify(each)).sort();
      expect(plain(gainsOf(scanned(gained), scanned(current)))).toEqual(plain(expected));
    }),
  );
});
