import type { IndexBytes } from '../../src/artdaqdb/filesystem/index/index-bytes.ts';
import { ASSIGNED, INDEX_MAPS, OUID } from '../../src/artdaqdb/filesystem/index/index-entry.ts';
import type { IndexState } from '../../src/artdaqdb/filesystem/index/index-file.ts';
import {
  type ByteSpan,
  ID_BYTES,
  ID_STRIDE,
  type IndexLayout,
  type ListSpan,
} from '../../src/artdaqdb/filesystem/index/index-layout.ts';
import { eachList, textsOf, UnreadableIndexError } from '../../src/artdaqdb/filesystem/index/index-scan.ts';
import type { ListedMember } from './documents.ts';
import { HashSet, hashOf } from './hash-set.ts';
import { ListingTable } from './listing-table.ts';
import { StampTable } from './stamp-table.ts';

/** An index taken apart by id. */
export interface IndexContent {
  readonly listings: ListingTable;
  readonly stamps: StampTable;
  /** Members that no index has, as they stand in the file. */
  readonly unknown: ReadonlyMap<string, Buffer>;
  /** What the C++ writer would not leave: lists out of order, keys without ids, missing members. */
  readonly irregularities: readonly string[];
}

/** An index that lists nothing. */
export function emptyContent(): IndexContent {
  return { listings: new ListingTable(0), stamps: new StampTable(), unknown: new Map(), irregularities: [] };
}

/**
 * Takes an index apart.
 * @throws UnreadableIndexError if it has a key twice: it is unclear which of the two counts
 */
export function indexContent(bytes: IndexBytes, { layout }: IndexState): IndexContent {
  const reader = new IndexContentReader(bytes, layout.ouid?.count ?? 0);
  refuseRepeatedMembers(bytes, layout);
  const unknown = new Map<string, Buffer>();
  for (const [member, map] of layout.maps) {
    if (isIndexMap(member)) continue;
    eachListOnce(bytes, member, map, () => undefined);
    unknown.set(member, bytes.copy(map.start, map.end));
  }
  for (const member of INDEX_MAPS) {
    const map = layout.maps.get(member);
    if (map === undefined) reader.irregularities.push(`"${member}" is missing`);
    else if (member === ASSIGNED) reader.addStamps(map);
    else reader.addMap(member, map);
  }
  const { listings, stamps, irregularities } = reader;
  const ofOuid = reader.endWith(layout.ouid);
  return { listings, stamps, unknown, irregularities: [...ofOuid, ...irregularities] };
}

class IndexContentReader {
  readonly listings: ListingTable;
  readonly stamps = new StampTable();
  readonly irregularities: string[] = [];
  readonly #bytes: IndexBytes;

  constructor(bytes: IndexBytes, ids: number) {
    this.#bytes = bytes;
    this.listings = new ListingTable(ids);
  }

  /** Adds the list of all ids, which is the last. @returns what is irregular with it */
  endWith(ouid: ListSpan | undefined): string[] {
    const before = this.irregularities.length;
    const all = new Uint32Array(ouid?.count ?? 0);
    let count = 0;
    if (ouid === undefined) this.irregularities.push('"ouid" is missing');
    else {
      this.#eachId(OUID, ouid, (id) => {
        all[count++] = id;
      });
    }
    this.listings.end(all.subarray(0, count));
    return this.irregularities.splice(before);
  }

  addMap(member: ListedMember, map: ByteSpan): void {
    eachListOnce(this.#bytes, member, map, (key, list) => {
      this.#eachId(`'${key}' of "${member}"`, list, this.listings.list(member, key));
    });
  }

  addStamps(map: ByteSpan): void {
    eachListOnce(this.#bytes, ASSIGNED, map, (key, list) => {
      this.stamps.add(key, this.#texts(`'${key}' of "${ASSIGNED}"`, list));
    });
  }

  #eachId(name: string, list: ListSpan, take: (id: number) => void): void {
    const bytes = this.#bytes;
    if (!list.isIds) {
      for (const text of this.#texts(name, list)) take(this.listings.idOf(text));
      return;
    }
    for (let at = list.start + '[\n"'.length; at < list.end; at += ID_STRIDE) {
      bytes.hold(at, ID_BYTES);
      take(this.listings.idOf(bytes.window, at - bytes.windowStart));
    }
  }

  /** The texts of a list, ascending and each once. */
  #texts(name: string, list: ListSpan): readonly string[] {
    const texts = textsOf(this.#bytes, list);
    if (texts.length === 0 && name !== OUID) this.irregularities.push(`${name} has an empty list`);
    for (let place = 1; place < texts.length; place++) {
      if ((texts[place - 1] ?? '') >= (texts[place] ?? '')) {
        this.irregularities.push(`${name} is not in order or repeats`);
        return [...new Set(texts)].sort();
      }
    }
    return texts;
  }
}

function isIndexMap(member: string): boolean {
  return INDEX_MAPS.some((known) => known === member);
}

function eachListOnce(
  bytes: IndexBytes,
  member: string,
  { start }: ByteSpan,
  take: (key: string, list: ListSpan) => void,
): void {
  const hashes = new HashSet(0);
  let mayRepeat = false;
  eachList(bytes, start, (key, list) => {
    mayRepeat ||= !hashes.add(hashOf([key]));
    take(key, list);
  });
  if (!mayRepeat) return;
  const keys = new Set<string>();
  eachList(bytes, start, (key) => {
    if (keys.has(key)) throw repeated(key, member);
    keys.add(key);
  });
}

/** A member that comes again without a key repeats nothing. */
function refuseRepeatedMembers(bytes: IndexBytes, { members, maps }: IndexLayout): void {
  const seen = new Set<string>();
  for (const member of members) {
    const map = maps.get(member);
    if (seen.has(member) && map !== undefined) {
      eachList(bytes, map.start, (key) => {
        throw repeated(key, member);
      });
    }
    seen.add(member);
  }
}

function repeated(key: string, member: string): UnreadableIndexError {
  return new UnreadableIndexError(`'${key}' of "${member}" stands in it twice`);
}
