import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IndexBytes } from '../../../../../src/artdaqdb/filesystem/index/index-bytes.ts';
import { EMPTY_INDEX, listedTexts } from '../../../../../src/artdaqdb/filesystem/index/index-entry.ts';
import { scanIndex, UnreadableIndexError } from '../../../../../src/artdaqdb/filesystem/index/index-scan.ts';
import type { DocumentEntry } from '../../../../../src/artdaqdb/stored-document.ts';
import { readStored } from '../../../../../src/fhicl/document.ts';
import { quoteJson } from '../../../../../src/fhicl/json.ts';
import { changedIndex } from '../../../../helpers/changed-index.ts';
import { goldenDatabases } from '../../../../helpers/golden-records.ts';

/** An index as the C++ tools would write it, in the plainest way. */
class PlainIndex {
  readonly ouid = new Set<string>();
  readonly maps = new Map(
    [
      'version',
      'configurations.name',
      'entities.name',
      'aliases.active.name',
      'runs.name',
      'configurations.assigned',
    ].map((member) => [member, new Map<string, Set<string>>()] as const),
  );

  add(entry: DocumentEntry): void {
    this.ouid.add(entry.id);
    for (const [member, key, text] of listedTexts(entry)) {
      const map = this.maps.get(member);
      const list = map?.get(key) ?? new Set<string>();
      map?.set(key, list.add(text));
    }
  }

  remove(entry: DocumentEntry): void {
    this.ouid.delete(entry.id);
    for (const map of this.maps.values()) for (const list of map.values()) list.delete(entry.id);
  }

  toString(): string {
    const list = (texts: Set<string>) =>
      `[\n${[...texts]
        .sort()
        .map((text) => JSON.stringify(text))
        .join(',\n')}\n]`;
    const entries = (map: Map<string, Set<string>>) =>
      [...map].map(([key, texts]) => `${JSON.stringify(key)} : ${list(texts)}`).join(',\n');
    const members = [...this.maps].map(([member, map]) => `"${member}" : {\n${entries(map)}\n}`);
    return `{\n${[`"ouid" : ${list(this.ouid)}`, ...members].join(',\n')}\n}`;
  }
}

const name = fc.stringMatching(/^[ -~]{1,6}$/).filter((text) => !/^(__proto__)$/.test(text));
const entry: fc.Arbitrary<DocumentEntry> = fc
  .record({
    id: fc.stringMatching(/^[0-9a-f]{24}$/),
    run: fc.constantFrom('7', '007', '10', '5004', '4294967295', 'x'),
    config: name,
    entity: name,
    assigned: fc.constantFrom('2026-01-01T00:00:00.000+0000', '2026-01-01T00:00:00.001+0000'),
  })
  .map(({ id, run, config, entity, assigned }) => ({
    id,
    version: `${run}/${config}`,
    entity,
    configurations: [{ name: `${run}/${config}`, assigned }],
    runs: [run],
  }));

/** The whole of it, or so little that every text reaches over the end. */
const windowBytes = fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined });

function changed(
  text: string,
  added: readonly DocumentEntry[],
  removed: readonly DocumentEntry[] = [],
  windowBytes?: number,
): string {
  return changedIndex(Buffer.from(text), { added, removed }, windowBytes).toString();
}

describe('spliceIndex', () => {
  it('the result is the file that the C++ tools would have written, batch by batch', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(entry, { maxLength: 5 }), { maxLength: 5 }),
        windowBytes,
        (batches, window) => {
          const plain = new PlainIndex();
          let text = EMPTY_INDEX;
          for (const batch of batches) {
            for (const each of batch) plain.add(each);
            text = changed(text, batch, [], window);
            expect(text).toBe(plain.toString());
          }
        },
      ),
    );
  });

  it('entries can be removed again, and adding listed ones changes nothing', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(entry, { selector: ({ id }) => id }),
        fc.nat(),
        windowBytes,
        (entries, cut, window) => {
          const removed = entries.slice(0, cut % (entries.length + 1));
          const plain = new PlainIndex();
          for (const each of entries) plain.add(each);
          const text = plain.toString();
          expect(changed(text, entries, [], window)).toBe(text);
          for (const each of removed) plain.remove(each);
          expect(changed(text, [], removed, window)).toBe(plain.toString());
        },
      ),
    );
  });

  it('a file in another layout keeps its unsorted lists and members that we do not know', () => {
    const added = {
      id: 'b'.repeat(24),
      version: '1/c',
      entity: 'boot',
      configurations: [{ name: '1/c', assigned: 't' }],
      runs: ['1'],
    };
    const before = {
      other: { 'x"y': ['z'] },
      ouid: ['c'.repeat(24), 'a'.repeat(24)],
      'entities.name': { boot: ['c'.repeat(24), 'a'.repeat(24)], setup: [] },
      version: {},
    };
    for (const text of [JSON.stringify(before), JSON.stringify(before, null, '\t')]) {
      expect(JSON.parse(changed(text, [added]))).toEqual({
        other: { 'x"y': ['z'] },
        ouid: ['a'.repeat(24), 'b'.repeat(24), 'c'.repeat(24)],
        'entities.name': { boot: ['a'.repeat(24), 'b'.repeat(24), 'c'.repeat(24)], setup: [] },
        version: { '1/c': ['b'.repeat(24)] },
        'configurations.name': { '1/c': ['b'.repeat(24)] },
        'configurations.assigned': { '1/c': ['t'] },
        'runs.name': { '1': ['b'.repeat(24)] },
      });
    }
    expect(JSON.parse(changed('{}', [added]))).toMatchObject({ ouid: ['b'.repeat(24)] });
  });

  it('the result equals the indexes that the C++ tools wrote, except for the order of keys', () => {
    for (const database of goldenDatabases()) {
      for (const collection of ['RunHistory', 'SystemLayout']) {
        const directory = join(database, collection);
        const entries = readdirSync(directory)
          .filter((file) => file !== 'index.json')
          .map((file) => readStored(readFileSync(join(directory, file), 'utf8')))
          .sort((one, other) =>
            (one.configurations[0]?.assigned ?? '') < (other.configurations[0]?.assigned ?? '') ? -1 : 1,
          );
        const ours = changed(EMPTY_INDEX, entries);
        const theirs = readFileSync(join(directory, 'index.json'), 'utf8');
        expect(ours.length).toBe(theirs.length);
        expect(JSON.parse(ours)).toEqual(JSON.parse(theirs));
      }
    }
  });
});

describe('scanIndex', () => {
  it('names with control characters beside escapes are read as the C++ tools write them', () => {
    const bytes = IndexBytes.of(Buffer.from('{"runs.name":{"a\tb\\"c":["d"]}}'));
    const { maps } = scanIndex(bytes, () => true);
    expect([...(maps.get('runs.name')?.lists.keys() ?? [])]).toEqual(['a\tb"c']);
  });

  it('a list of ids is found, and told from others, wherever the part of it ends that is in memory', () => {
    const ids = Array.from({ length: 40 }, (_, place) => (place + 16).toString(16).padStart(24, '0'));
    const bytesOf = (list: readonly string[]) =>
      Buffer.from(`{\n"ouid" : [\n${list.map((id) => `"${id}"`).join(',\n')}\n]\n}`);
    const listIn = (list: readonly string[], window: number) =>
      scanIndex(IndexBytes.of(bytesOf(list), window), () => true).ouid;
    const [first = '', second = '', ...rest] = ids;
    for (let window = 64; window < 200; window++) {
      const end = bytesOf(ids).length - 2;
      expect(listIn(ids, window)).toEqual({ start: 11, end, count: 40, isIds: true });
      expect(listIn([second, first, ...rest], window)).toMatchObject({ end, isIds: false });
      expect(listIn([...ids.slice(0, -1), 'f'.repeat(25)], window)).toMatchObject({
        count: 40,
        isIds: false,
      });
      expect(() => listIn([...ids.slice(0, -1), `${'f'.repeat(23)}"`], window)).toThrow(UnreadableIndexError);
    }
  });

  it('a list of ids is one of texts of 24 bytes in ascending order that hold no escapes, whatever else they hold', () => {
    const text = fc.oneof(
      fc.stringMatching(/^[0-9a-f]{24}$/),
      fc.tuple(fc.nat(23), fc.integer({ min: 1, max: 0x7f })).map(([place, code]) => {
        const character = String.fromCharCode(code);
        return `${'7'.repeat(place)}${character}`.padEnd(24, '7');
      }),
    );
    fc.assert(
      fc.property(fc.uniqueArray(text, { minLength: 1, maxLength: 9 }), fc.boolean(), (texts, isSorted) => {
        if (isSorted) texts.sort((one, other) => (one < other ? -1 : 1));
        const bytes = Buffer.from(`{\n"ouid" : [\n${texts.map(quoteJson).join(',\n')}\n]\n}`);
        const inOrder = texts.every((each, place) => place === 0 || (texts[place - 1] ?? '') < each);
        const isPlain = texts.every((each) => quoteJson(each).length === 26);
        for (const window of [64, 100, 1000]) {
          expect(scanIndex(IndexBytes.of(bytes, window), () => true).ouid).toMatchObject({
            count: texts.length,
            isIds: inOrder && isPlain,
          });
        }
      }),
    );
  });

  it('the beginning of an index is never taken for an index', () => {
    const entries = [1, 2].map((run) => ({
      id: String(run).repeat(24),
      version: `${run}/c`,
      entity: 'boot',
      configurations: [{ name: `${run}/c`, assigned: 't' }],
      runs: [String(run)],
    }));
    const text = Buffer.from(changed(EMPTY_INDEX, entries));
    for (let length = 0; length < text.length; length++) {
      expect(() => scanIndex(IndexBytes.of(text.subarray(0, length)), () => true)).toThrow(
        UnreadableIndexError,
      );
    }
    expect(() => scanIndex(IndexBytes.of(Buffer.concat([text, text.subarray(-5)])), () => true)).toThrow(
      UnreadableIndexError,
    );
  });
});
