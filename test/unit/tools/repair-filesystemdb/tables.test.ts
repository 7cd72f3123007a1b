import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type IndexEntry,
  NO_ENTRY,
  repeatedDocuments,
} from '../../../../tools/repair-filesystemdb/documents.ts';
import { HashSet } from '../../../../tools/repair-filesystemdb/hash-set.ts';
import { IdTable } from '../../../../tools/repair-filesystemdb/id-table.ts';
import { ListingTable } from '../../../../tools/repair-filesystemdb/listing-table.ts';
import { EntitiesByConfiguration } from '../../../../tools/repair-filesystemdb/run-entities.ts';
import { WantedEntries } from '../../../../tools/repair-filesystemdb/wanted-entries.ts';

/** Ids that differ little, and texts that are none. */
const id = fc.oneof(
  fc.nat(40).map((number) => number.toString(16).padStart(24, '0')),
  fc.constantFrom('', 'short', 'é'.repeat(24), 'f'.repeat(25)),
);
const entry = fc
  .record({ name: fc.constantFrom('1/a', '2/a', '2/b'), entity: fc.constantFrom('boot', 'setup') })
  .map(
    ({ name, entity }): IndexEntry => ({
      ...NO_ENTRY,
      version: [name],
      'configurations.name': [name],
      'entities.name': [entity],
    }),
  );

it('an id table numbers texts in the order in which they are added, each once', () => {
  fc.assert(
    fc.property(fc.array(id, { maxLength: 80 }), fc.nat(50), (ids, room) => {
      const table = new IdTable(room);
      const known = [...new Set(ids)];
      expect(ids.map((each) => table.add(each))).toEqual(ids.map((each) => known.indexOf(each)));
      expect(known.map((_each, number) => table.text(number))).toEqual(known);
      expect(known.map((each) => table.find(each))).toEqual(known.map((_each, number) => number));
      expect(table.find(`${'0'.repeat(23)}x`)).toBeUndefined();
    }),
  );
});

it('a hash set knows what was added', () => {
  const hashes = fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 200 });
  fc.assert(
    fc.property(hashes, fc.nat(50), (all, room) => {
      const set = new HashSet(room);
      const plain = new Set<number>();
      for (const hash of all) {
        expect(set.add(hash)).toBe(!plain.has(hash));
        plain.add(hash);
      }
    }),
  );
});

it('a listing table gives documents in the order of the list of all ids, with all their keys', () => {
  const lists = fc.array(fc.uniqueArray(id, { maxLength: 6 }), { maxLength: 8 });
  fc.assert(
    fc.property(lists, fc.uniqueArray(id), fc.uniqueArray(id), (all, ouid, files) => {
      const table = new ListingTable(3);
      for (const [key, ids] of all.entries()) {
        const add = table.list('version', `key${key}`);
        for (const each of ids) add(table.idOf(each));
      }
      table.end(Uint32Array.from(ouid, (each) => table.idOf(each)));
      const order = [...new Set([...ouid, ...all.flat()])];
      expect(files.filter((each) => table.noteFile(each))).toEqual(
        files.filter((each) => order.includes(each)),
      );
      const expected = order
        .filter((each) => files.includes(each))
        .map((each) => ({
          id: each,
          isInOuid: ouid.includes(each),
          version: all.flatMap((ids, key) => (ids.includes(each) ? [`key${key}`] : [])),
        }));
      const found = [...table.withFile()].map((each) => ({
        id: each.id,
        isInOuid: each.isInOuid,
        version: each.entry.version,
      }));
      expect(found).toEqual(expected);
      expect(table.files).toBe(expected.length);
      expect(table.select(({ isInOuid }) => isInOuid).map((each) => each.id)).toEqual(
        expected.filter(({ isInOuid }) => isInOuid).map((each) => each.id),
      );
      expect([...table.withoutFile()].map((each) => each.id)).toEqual(
        order.filter((each) => !files.includes(each)),
      );
    }),
  );
});

it('wanted entries are a map that begins with other entries', () => {
  const action = fc.record({ id, entry: fc.option(entry) });
  const before = fc.uniqueArray(fc.tuple(id, entry), { selector: ([each]) => each });
  fc.assert(
    fc.property(before, fc.array(action), (start, actions) => {
      const wanted = new WantedEntries(new Map(start));
      const plain = new Map(start);
      for (const { id: each, entry: value } of actions) {
        if (value === null) expect(wanted.delete(each)).toBe(plain.delete(each));
        else {
          wanted.set(each, value);
          plain.set(each, value);
        }
        expect(wanted.has(each)).toBe(plain.has(each));
      }
      expect(new Map(wanted)).toEqual(plain);
      expect([...wanted.values()].length).toBe(plain.size);
      expect(wanted.size).toBe(plain.size);
    }),
  );
});

it('documents of one name are found in the order in which they repeat', () => {
  const entries = fc.uniqueArray(fc.tuple(id, entry), { selector: ([each]) => each });
  fc.assert(
    fc.property(entries, (all) => {
      const first = new Map<string, string>();
      const repeated = new Map<string, string[]>();
      for (const [each, { version, 'entities.name': entities }] of all) {
        const name = `${version} ${entities}`;
        const known = first.get(name);
        if (known === undefined) first.set(name, each);
        else repeated.set(name, [...(repeated.get(name) ?? [known]), each]);
      }
      const half = all.length >> 1;
      const parts = [new Map(all.slice(0, half)), new Map(all.slice(half))];
      expect(
        repeatedDocuments(...parts).map(({ configuration, entity, ids }) => [
          `${configuration} ${entity}`,
          ids,
        ]),
      ).toEqual([...repeated]);
    }),
  );
});

it('entities are kept by configuration', () => {
  const entries = fc.uniqueArray(fc.tuple(id, entry), { selector: ([each]) => each });
  fc.assert(
    fc.property(entries, (all) => {
      const entities = new EntitiesByConfiguration(new Map(all));
      for (const name of ['1/a', '2/a', '2/b']) {
        const of = all
          .filter(([, { version }]) => version[0] === name)
          .flatMap(([, each]) => each['entities.name']);
        expect(entities.get(name)).toEqual(of.length === 0 ? undefined : new Set(of));
      }
    }),
  );
});
