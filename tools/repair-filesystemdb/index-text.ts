import {
  ASSIGNED,
  INDEX_MAPS,
  listText,
  mapEntryText,
  OUID,
} from '../../src/artdaqdb/filesystem/index/index-entry.ts';
import { quoteJson } from '../../src/fhicl/json.ts';
import type { Entries, ListedMember } from './documents.ts';
import type { IndexContent } from './index-content.ts';

/** The stamps of an index. */
export interface WantedStamps {
  /** In the order of the documents. */
  readonly configurations: Iterable<string>;
  readonly of: (configuration: string) => readonly string[];
}

/** What an index will hold. */
export interface WantedContent {
  readonly entries: Entries;
  readonly stamps: WantedStamps;
}

const CHUNK_BYTES = 1 << 20;

/**
 * The whole text of an index in the form of the C++ tools. Keys stay in their order; new ones follow in the order of the entries.
 * @param before gives the order of keys, and members that no index has, which are passed on
 */
export async function* indexBytes(wanted: WantedContent, before: IndexContent): AsyncGenerator<Buffer> {
  let text = '';
  for (const part of indexParts(wanted, before)) {
    text += part;
    if (text.length < CHUNK_BYTES) continue;
    yield Buffer.from(text);
    text = '';
  }
  yield Buffer.from(text);
}

function* indexParts({ entries, stamps }: WantedContent, before: IndexContent): Generator<string> {
  const ids: string[] = [];
  for (const [id] of entries) ids.push(id);
  ids.sort();
  yield `{\n${memberText(OUID)}${listOf(ids)}`;
  for (const member of INDEX_MAPS) {
    yield `,\n${memberText(member)}`;
    yield* mapParts(
      member === ASSIGNED
        ? stampLists(stamps, before.stamps.configurations)
        : idLists(ids, entries, member, before.listings.keysOf(member)),
    );
  }
  for (const [member, bytes] of before.unknown) yield `,\n${memberText(member)}${bytes.toString('utf8')}`;
  yield '\n}';
}

function* stampLists(
  { configurations, of }: WantedStamps,
  known: Iterable<string>,
): Generator<readonly [string, readonly string[]]> {
  const wanted = new Set(configurations);
  for (const names of [known, wanted]) {
    for (const name of names) if (wanted.delete(name)) yield [name, of(name)];
  }
}

/** Key -> its ids, without a list for each: places in the list of all ids, one key behind the other. */
function* idLists(
  ids: readonly string[],
  entries: Entries,
  member: ListedMember,
  known: readonly string[],
): Generator<readonly [string, readonly string[]]> {
  const numbers = new Map(known.map((key, number) => [key, number]));
  const ends: number[] = known.map(() => 0);
  for (const [, entry] of entries) {
    for (const key of entry[member]) {
      const number = numbers.get(key) ?? numbers.size;
      numbers.set(key, number);
      ends[number] = (ends[number] ?? 0) + 1;
    }
  }
  let total = 0;
  for (const [number, count] of ends.entries()) {
    ends[number] = total;
    total += count;
  }
  const places = new Uint32Array(total);
  for (const [place, id] of ids.entries()) {
    for (const key of entries.get(id)?.[member] ?? []) {
      const number = numbers.get(key) ?? 0;
      const next = ends[number] ?? 0;
      places[next] = place;
      ends[number] = next + 1;
    }
  }
  let start = 0;
  for (const [key, number] of numbers) {
    const end = ends[number] ?? start;
    yield [key, Array.from(places.subarray(start, end), (place) => ids[place] ?? '')];
    start = end;
  }
}

function* mapParts(lists: Iterable<readonly [string, readonly string[]]>): Generator<string> {
  let separator = '{\n';
  let isEmpty = true;
  for (const [key, texts] of lists) {
    if (texts.length === 0) continue;
    yield `${separator}${mapEntryText(key, texts)}`;
    separator = ',\n';
    isEmpty = false;
  }
  yield isEmpty ? '{\n\n}' : '\n}';
}

function listOf(texts: readonly string[]): string {
  return texts.length === 0 ? '[\n\n]' : listText(texts);
}

function memberText(member: string): string {
  return `${quoteJson(member)} : `;
}
