import { type Entries, LISTED_MEMBERS, type ListedMember } from './documents.ts';

/** The keys of a map as numbers, and the keys of each document. */
interface KeyNumbers {
  readonly numbers: Map<string, number>;
  /** By place of the document: its first key, counted from 1. */
  readonly first: Uint32Array;
  /** The keys of documents that have several. */
  readonly several: Map<number, number[]>;
}

/** The lists of ids that an index with some entries has, made in one pass over a million documents. */
export class IdLists {
  /** All ids, ascending. */
  readonly all: readonly string[];
  readonly #members = new Map<ListedMember, KeyNumbers>();
  /** By place of the document: the place of its id in the list of all. */
  readonly #ranks: Uint32Array;

  /** @param known the keys of a map that come first */
  constructor(entries: Entries, known: (member: ListedMember) => readonly string[]) {
    for (const member of LISTED_MEMBERS) {
      const numbers = new Map(known(member).map((key, number) => [key, number]));
      this.#members.set(member, { numbers, first: new Uint32Array(entries.size), several: new Map() });
    }
    const ids: string[] = [];
    for (const [id, entry] of entries) {
      for (const [member, keys] of this.#members) {
        for (const key of entry[member]) addKey(keys, ids.length, key);
      }
      ids.push(id);
    }
    const places = Uint32Array.from(ids, (_id, place) => place);
    const isSorted = ids.every((id, place) => place === 0 || (ids[place - 1] ?? '') < id);
    if (!isSorted) places.sort((one, other) => ((ids[one] ?? '') < (ids[other] ?? '') ? -1 : 1));
    this.#ranks = new Uint32Array(ids.length);
    for (const [rank, place] of places.entries()) this.#ranks[place] = rank;
    this.all = isSorted ? ids : Array.from(places, (place) => ids[place] ?? '');
  }

  /** The lists of a map: the known keys in their order, then the new ones in the order of the entries. */
  *of(member: ListedMember): Generator<readonly [string, readonly string[]]> {
    const keys = this.#members.get(member);
    if (keys === undefined) return;
    const ranks = ranksByKey(keys, this.#ranks);
    let start = 0;
    for (const [key, number] of keys.numbers) {
      const end = ranks.ends[number] ?? start;
      yield [key, Array.from(ranks.all.subarray(start, end).sort(), (rank) => this.all[rank] ?? '')];
      start = end;
    }
  }
}

function addKey({ numbers, first, several }: KeyNumbers, place: number, key: string): void {
  const number = numbers.get(key) ?? numbers.size;
  numbers.set(key, number);
  if (first[place] === 0) first[place] = number + 1;
  else several.set(place, [...(several.get(place) ?? [(first[place] ?? 0) - 1]), number]);
}

/** The ranks of the documents of each key, one key behind the other. */
function ranksByKey(
  { numbers, first, several }: KeyNumbers,
  ranks: Uint32Array,
): { readonly all: Uint32Array; readonly ends: readonly number[] } {
  const ends = new Array<number>(numbers.size).fill(0);
  const eachKey = (take: (number: number, place: number) => void): void => {
    for (let place = 0; place < first.length; place++) {
      const keys = several.size > 0 ? several.get(place) : undefined;
      if (keys !== undefined) for (const number of keys) take(number, place);
      else if (first[place] !== 0) take((first[place] ?? 0) - 1, place);
    }
  };
  eachKey((number) => {
    ends[number] = (ends[number] ?? 0) + 1;
  });
  let total = 0;
  for (const [number, count] of ends.entries()) {
    ends[number] = total;
    total += count;
  }
  const all = new Uint32Array(total);
  eachKey((number, place) => {
    const next = ends[number] ?? 0;
    all[next] = ranks[place] ?? 0;
    ends[number] = next + 1;
  });
  return { all, ends };
}
