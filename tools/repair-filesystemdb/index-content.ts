import type { IndexBytes } from '../../src/artdaqdb/filesystem/index/index-bytes.ts';
import {
  ASSIGNED,
  INDEX_MAPS,
  listText,
  mapEntryText,
  OUID,
} from '../../src/artdaqdb/filesystem/index/index-entry.ts';
import type { IndexState } from '../../src/artdaqdb/filesystem/index/index-file.ts';
import type { ListSpan } from '../../src/artdaqdb/filesystem/index/index-layout.ts';
import { scanIndex, textsOf, UnreadableIndexError } from '../../src/artdaqdb/filesystem/index/index-scan.ts';
import { quoteJson } from '../../src/fhicl/json.ts';
import { type IndexEntry, type ListedMember, NO_ENTRY } from './documents.ts';

/** What an index says about one id. */
export interface ListedDocument {
  readonly isInOuid: boolean;
  readonly entry: IndexEntry;
}

/** An index taken apart by id. */
export interface IndexContent {
  readonly listings: ReadonlyMap<string, ListedDocument>;
  /** Configuration -> its stamps, ascending. */
  readonly stamps: ReadonlyMap<string, readonly string[]>;
  /** Member -> its keys in the order of the file. */
  readonly keys: ReadonlyMap<string, readonly string[]>;
  /** Members that no index has, as they stand in the file. */
  readonly unknown: ReadonlyMap<string, Buffer>;
  /** What the C++ writer would not leave: lists out of order, keys without ids, missing members. */
  readonly irregularities: readonly string[];
}

/** An index that lists nothing. */
export const EMPTY_CONTENT: IndexContent = {
  listings: new Map(),
  stamps: new Map(),
  keys: new Map(),
  unknown: new Map(),
  irregularities: [],
};

/**
 * Refuses an index that has a key twice: it is unclear which of the two counts.
 * @throws UnreadableIndexError
 */
export function refuseRepeatedKeys(bytes: IndexBytes): void {
  const seen = new Map<string, Set<string>>();
  let current: string | undefined;
  scanIndex(bytes, (member, key) => {
    const isAnew = member !== current && seen.has(member);
    current = member;
    const keys = seen.get(member) ?? new Set();
    seen.set(member, keys);
    if (isAnew || keys.has(key)) throw new UnreadableIndexError(`'${key}' of "${member}" stands in it twice`);
    keys.add(key);
    return false;
  });
}

/** Takes an index apart that was read with all its lists. */
export function indexContent(bytes: IndexBytes, { layout }: IndexState): IndexContent {
  const reader = new IndexContentReader(bytes);
  if (layout.ouid === undefined) reader.irregularities.push('"ouid" is missing');
  else reader.addIds(layout.ouid);
  const unknown = new Map<string, Buffer>();
  for (const [member, map] of layout.maps) {
    if (!isIndexMap(member)) unknown.set(member, bytes.copy(map.start, map.end));
  }
  for (const member of INDEX_MAPS) {
    const map = layout.maps.get(member);
    if (map === undefined) reader.irregularities.push(`"${member}" is missing`);
    else if (member === ASSIGNED) reader.addStamps(map.lists);
    else reader.addMap(member, map.lists);
  }
  const { listings, stamps, keys, irregularities } = reader;
  return { listings, stamps, keys, unknown, irregularities };
}

class IndexContentReader {
  readonly listings = new Map<string, { isInOuid: boolean; entry: IndexEntry }>();
  readonly stamps = new Map<string, readonly string[]>();
  readonly keys = new Map<string, readonly string[]>();
  readonly irregularities: string[] = [];
  readonly #bytes: IndexBytes;

  constructor(bytes: IndexBytes) {
    this.#bytes = bytes;
  }

  addIds(list: ListSpan): void {
    for (const id of this.#texts('ouid', list)) this.#documentOf(id).isInOuid = true;
  }

  addMap(member: ListedMember, lists: ReadonlyMap<string, ListSpan>): void {
    this.keys.set(member, [...lists.keys()]);
    for (const [key, list] of lists) {
      const only = [key]; // Nearly all ids have one key, and share this list of it.
      for (const id of this.#texts(`'${key}' of "${member}"`, list)) {
        const listing = this.#documentOf(id);
        const known = listing.entry[member];
        const keys = known.length === 0 ? only : [...known, key].sort();
        listing.entry = { ...listing.entry, [member]: keys };
      }
    }
  }

  addStamps(lists: ReadonlyMap<string, ListSpan>): void {
    this.keys.set(ASSIGNED, [...lists.keys()]);
    for (const [key, list] of lists) this.stamps.set(key, this.#texts(`'${key}' of "${ASSIGNED}"`, list));
  }

  /** The texts of a list, ascending and each once. */
  #texts(name: string, list: ListSpan): readonly string[] {
    const texts = textsOf(this.#bytes, list);
    if (texts.length === 0 && name !== 'ouid') this.irregularities.push(`${name} has an empty list`);
    for (let place = 1; place < texts.length; place++) {
      if ((texts[place - 1] ?? '') >= (texts[place] ?? '')) {
        this.irregularities.push(`${name} is not in order or repeats`);
        return [...new Set(texts)].sort();
      }
    }
    return texts;
  }

  #documentOf(id: string): { isInOuid: boolean; entry: IndexEntry } {
    const known = this.listings.get(id);
    if (known !== undefined) return known;
    const listing = { isInOuid: false, entry: NO_ENTRY };
    this.listings.set(id, listing);
    return listing;
  }
}

function isIndexMap(member: string): boolean {
  return INDEX_MAPS.some((known) => known === member);
}

/** What an index will hold. */
export interface WantedContent {
  readonly entries: ReadonlyMap<string, IndexEntry>;
  readonly stamps: ReadonlyMap<string, readonly string[]>;
}

const CHUNK_BYTES = 1 << 20;

/**
 * The whole text of an index in the form of the C++ tools. Keys stay in their order; new ones follow in the order of the entries.
 * @param before gives the order of keys, and members that no index has, which are passed on
 */
export async function* indexBytes(
  wanted: WantedContent,
  before: Pick<IndexContent, 'keys' | 'unknown'>,
): AsyncGenerator<Buffer> {
  let text = '';
  for (const part of indexParts(wanted, before)) {
    text += part;
    if (text.length < CHUNK_BYTES) continue;
    yield Buffer.from(text);
    text = '';
  }
  yield Buffer.from(text);
}

function* indexParts(
  { entries, stamps }: WantedContent,
  { keys, unknown }: Pick<IndexContent, 'keys' | 'unknown'>,
): Generator<string> {
  yield `{\n${memberText(OUID)}${listOf([...entries.keys()].sort())}`;
  for (const member of INDEX_MAPS) {
    yield `,\n${memberText(member)}`;
    yield* mapParts(
      inOrder(member === ASSIGNED ? stamps : idsByKey(entries, member), keys.get(member) ?? []),
    );
  }
  for (const [member, bytes] of unknown) yield `,\n${memberText(member)}${bytes.toString('utf8')}`;
  yield '\n}';
}

function idsByKey(entries: ReadonlyMap<string, IndexEntry>, member: ListedMember): Map<string, string[]> {
  const lists = new Map<string, string[]>();
  for (const [id, entry] of entries) {
    for (const key of entry[member]) {
      const list = lists.get(key);
      if (list === undefined) lists.set(key, [id]);
      else list.push(id);
    }
  }
  for (const list of lists.values()) list.sort();
  return lists;
}

function* inOrder(
  lists: ReadonlyMap<string, readonly string[]>,
  known: readonly string[],
): Generator<readonly [string, readonly string[]]> {
  const left = new Map(lists);
  for (const key of known) {
    const list = left.get(key);
    if (list !== undefined) yield [key, list];
    left.delete(key);
  }
  yield* left;
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
