import type { IndexBytes } from '../../src/artdaqdb/filesystem/index/index-bytes.ts';
import { ASSIGNED, INDEX_MAPS } from '../../src/artdaqdb/filesystem/index/index-entry.ts';
import type { IndexState } from '../../src/artdaqdb/filesystem/index/index-file.ts';
import {
  type ListSpan,
  scanIndex,
  textsOf,
  UnreadableIndexError,
} from '../../src/artdaqdb/filesystem/index/index-scan.ts';
import { type Entry, type ListedMember, NO_ENTRY } from './entry.ts';

/** What an index says of one id. */
export interface Listing {
  readonly isInOuid: boolean;
  readonly entry: Entry;
}

/** An index taken apart by id. */
export interface IndexContent {
  readonly listings: ReadonlyMap<string, Listing>;
  /** Configuration -> its stamps, ascending. */
  readonly stamps: ReadonlyMap<string, readonly string[]>;
  /** Member -> its keys in the order of the file. */
  readonly keys: ReadonlyMap<string, readonly string[]>;
  /** Members that are none of an index, as they stand in the file. */
  readonly unknown: ReadonlyMap<string, Buffer>;
  /** What the C++ writer would not leave like that: lists out of order, keys without ids, missing members. */
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
 * Refuses an index in which a key stands twice: which of both is meant can't be told.
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
export function readContent(bytes: IndexBytes, { layout }: IndexState): IndexContent {
  const reader = new ContentReader(bytes);
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

class ContentReader {
  readonly listings = new Map<string, { isInOuid: boolean; entry: Entry }>();
  readonly stamps = new Map<string, readonly string[]>();
  readonly keys = new Map<string, readonly string[]>();
  readonly irregularities: string[] = [];
  readonly #bytes: IndexBytes;

  constructor(bytes: IndexBytes) {
    this.#bytes = bytes;
  }

  addIds(list: ListSpan): void {
    for (const id of this.#texts('ouid', list)) this.#listing(id).isInOuid = true;
  }

  addMap(member: ListedMember, lists: ReadonlyMap<string, ListSpan>): void {
    this.keys.set(member, [...lists.keys()]);
    for (const [key, list] of lists) {
      const only = [key]; // Nearly all ids have one key, and share this list of it.
      for (const id of this.#texts(`'${key}' of "${member}"`, list)) {
        const listing = this.#listing(id);
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

  #listing(id: string): { isInOuid: boolean; entry: Entry } {
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
