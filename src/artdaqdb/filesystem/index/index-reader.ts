import { asDatabaseError } from '../database-files.ts';
import type { IndexBytes } from './index-bytes.ts';
import { ASSIGNED, CONFIGURATIONS } from './index-entry.ts';
import type { IndexFile, IndexState, Look } from './index-file.ts';
import { eachText, type ListFilter, type ListSpan, textsOf, UnreadableIndexError } from './index-scan.ts';

/** Where the ids of each configuration were listed in a state of the file. */
interface KnownLists {
  readonly signature: string;
  readonly starts: ReadonlyMap<string, number>;
}

const ofConfigurations: ListFilter = (member) => member === CONFIGURATIONS;

/**
 * Look-ups by the name of a configuration. Between two changes of the file only the places of its lists are kept, so that a
 * look-up reads one list, and memory holds no ids.
 */
export class IndexReader {
  readonly #index: IndexFile;
  #known: KnownLists | undefined;

  constructor(index: IndexFile) {
    this.#index = index;
  }

  /**
   * The configurations under which documents are listed.
   * @throws ArtdaqDbError if the index can't be read
   */
  async configurations(): Promise<string[]> {
    return this.#reading(async () => {
      const signature = await this.#index.signature();
      const known = this.#known;
      if (known !== undefined && known.signature === signature) return [...known.starts.keys()];
      return this.#learn((_bytes, { layout }) => [...startsOf(layout).keys()]);
    });
  }

  /**
   * The documents listed under a configuration.
   * @throws ArtdaqDbError if the index can't be read
   */
  async ids(configuration: string): Promise<string[]> {
    return this.#reading(
      async () =>
        (await this.#idsAsKnown(configuration)) ??
        (await this.#learn(textsUnder(CONFIGURATIONS, configuration))),
    );
  }

  /**
   * When documents were assigned to a configuration. Reads the whole index: few runs have several configurations.
   * @throws ArtdaqDbError if the index can't be read
   */
  async stamps(configuration: string): Promise<string[]> {
    const isWanted: ListFilter = (member, key) => member === ASSIGNED && key === configuration;
    const look = textsUnder(ASSIGNED, configuration);
    return this.#reading(async () => (await this.#index.look(isWanted, look)).seen);
  }

  async #idsAsKnown(configuration: string): Promise<string[] | undefined> {
    if (this.#known === undefined) return undefined;
    const { signature, starts } = this.#known;
    const start = starts.get(configuration);
    return this.#index.lookAgain(signature, (bytes) =>
      start === undefined ? [] : textsOf(bytes, { start }),
    );
  }

  async #learn<Seen>(look: Look<Seen>): Promise<Seen> {
    const { layout, signature, seen } = await this.#index.look(ofConfigurations, look);
    this.#known = signature === undefined ? undefined : { signature, starts: startsOf(layout) };
    return seen;
  }

  async #reading<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw asDatabaseError(error, `Cannot read ${this.#index.path}`);
    }
  }
}

/** Configuration -> where its list of ids begins, if it has any. */
function startsOf({ maps }: IndexState['layout']): Map<string, number> {
  const starts = new Map<string, number>();
  for (const [configuration, { start, count }] of maps.get(CONFIGURATIONS)?.lists ?? []) {
    if (count > 0) starts.set(configuration, start);
  }
  return starts;
}

function textsUnder(member: string, key: string): Look<string[]> {
  return (bytes, { layout }) => {
    const list = layout.maps.get(member)?.lists.get(key);
    return list === undefined ? [] : textsOf(bytes, list);
  };
}

const QUOTE = 0x22;

/**
 * Tells whether a text stands in a list of an index, without a string for each: a large index lists a quarter of a million.
 * Texts are compared as they stand in the file, escapes included.
 */
export class TextTable {
  /** The list as it stands in the file. */
  readonly #list: Buffer;
  /** Open addressing; a slot holds the place of a text in the list, 0 for none. */
  readonly #slots: Uint32Array;

  /**
   * @param list undefined: no texts
   * @throws UnreadableIndexError if the list has changed since its place was found
   */
  constructor(bytes: IndexBytes, list: ListSpan | undefined) {
    this.#list = list === undefined ? Buffer.alloc(0) : bytes.copy(list.start, list.end);
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(2 * (list?.count ?? 0) + 2)));
    if (list === undefined) return;
    let count = 0;
    eachText(bytes, list.start, (from, to) => {
      // In a table without an empty slot a search would never end.
      if (++count > list.count) throw new UnreadableIndexError('it is being written');
      const start = from - list.start;
      this.#slots[this.#find(this.#list, start, to - list.start)] = start;
    });
  }

  has(text: Buffer): boolean {
    return this.#slots[this.#find(text, 0, text.length)] !== 0;
  }

  /** The slot of a text, or the empty one where it would be. */
  #find(text: Buffer, start: number, end: number): number {
    const mask = this.#slots.length - 1;
    let slot = hashOf(text, start, end) & mask;
    for (;;) {
      const place = this.#slots[slot] ?? 0;
      if (place === 0 || this.#isAt(place, text, start, end)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #isAt(place: number, text: Buffer, start: number, end: number): boolean {
    const length = end - start;
    for (let offset = 0; offset < length; offset++) {
      if (this.#list[place + offset] !== text[start + offset]) return false;
    }
    return this.#list[place + length] === QUOTE;
  }
}

/** FNV-1a. */
function hashOf(text: Buffer, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let place = start; place < end; place++) hash = Math.imul(hash ^ (text[place] ?? 0), 0x01000193);
  return hash >>> 0;
}
