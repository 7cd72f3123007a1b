import {
  ALIASES,
  CONFIGURATIONS,
  ENTITIES,
  RUNS,
  VERSION,
} from '../../src/artdaqdb/filesystem/index/index-entry.ts';
import type { IndexEntry, ListedMember } from './documents.ts';
import { IdTable } from './id-table.ts';

/** What an index says about one id. */
export interface ListedDocument {
  readonly id: string;
  readonly isInOuid: boolean;
  readonly entry: IndexEntry;
}

/** The keys under which a map of an index lists ids; nearly every id has one. */
class KeyColumn {
  /** In the order of the file. */
  readonly keys: string[] = [];
  /** By number of the id: the number of its first key, counted from 1. */
  #first: Uint32Array;
  /** All keys, ascending, of ids that have several. */
  readonly #several = new Map<number, readonly string[]>();
  /** By number of the key: a list of it alone, which all its ids share. */
  readonly #alone: (readonly string[])[] = [];

  constructor(room: number) {
    this.#first = new Uint32Array(room);
  }

  /** @param alike a map that has mostly the same keys */
  addKey(key: string, alike: KeyColumn | undefined): void {
    const place = this.keys.length;
    const isShared = alike !== undefined && alike.keys[place] === key;
    this.#alone.push((isShared ? alike.#alone[place] : undefined) ?? [key]);
    this.keys.push(this.#alone[place]?.[0] ?? key);
  }

  /** Lists an id under the key that was added last. */
  add(id: number): void {
    if (id >= this.#first.length) {
      const larger = new Uint32Array(Math.max(2 * this.#first.length, id + 1));
      larger.set(this.#first);
      this.#first = larger;
    }
    const known = this.keysOf(id);
    if (known.length === 0) this.#first[id] = this.keys.length;
    else this.#several.set(id, [...known, this.keys.at(-1) ?? ''].sort());
  }

  keysOf(id: number): readonly string[] {
    const first = this.#first[id] ?? 0;
    if (first === 0) return NONE;
    return (this.#several.size > 0 ? this.#several.get(id) : undefined) ?? this.#alone[first - 1] ?? NONE;
  }
}

const NONE: readonly string[] = [];

const HAS_FILE = 1;
const IN_OUID = 2;

/**
 * What an index lists, by id, and which of these documents have a file. Ids are numbered in the order of the first map, by run,
 * so that what is looked at together lies together; their order in the index is that of the list of all ids.
 */
export class ListingTable {
  readonly #ids: IdTable;
  readonly #columns: Readonly<Record<ListedMember, KeyColumn>>;
  #flags = new Uint8Array(0);
  /** The ids in the order of the index. */
  #order = new Uint32Array(0);
  #files = 0;

  /** @param room for so many ids; more find room too */
  constructor(room: number) {
    this.#ids = new IdTable(room);
    this.#columns = {
      [VERSION]: new KeyColumn(room),
      [CONFIGURATIONS]: new KeyColumn(room),
      [ENTITIES]: new KeyColumn(room),
      [ALIASES]: new KeyColumn(0),
      [RUNS]: new KeyColumn(room),
    };
  }

  /** How many documents that are listed have a file. */
  get files(): number {
    return this.#files;
  }

  /** Adds an id, or finds it, by its text or by its bytes at a place. */
  idOf(text: string): number;
  idOf(bytes: Buffer, start: number): number;
  idOf(id: string | Buffer, start = 0): number {
    return typeof id === 'string' ? this.#ids.add(id) : this.#ids.addBytes(id, start);
  }

  /** Begins a list of a map. @returns what adds an id to it */
  list(member: ListedMember, key: string): (id: number) => void {
    const column = this.#columns[member];
    column.addKey(key, member === CONFIGURATIONS ? this.#columns[VERSION] : undefined);
    return (id) => column.add(id);
  }

  /**
   * Ends the reading of the index.
   * @param all the list of all ids
   */
  end(all: Uint32Array): void {
    const { size } = this.#ids;
    this.#flags = new Uint8Array(size);
    for (const id of all) this.#flags[id] = IN_OUID;
    this.#order = new Uint32Array(size);
    this.#order.set(all);
    let next = all.length;
    for (let id = 0; id < size; id++) if (this.#flags[id] === 0) this.#order[next++] = id;
  }

  /** The keys of a map in the order of the file. */
  keysOf(member: ListedMember): readonly string[] {
    return this.#columns[member].keys;
  }

  has(id: string): boolean {
    return this.#ids.find(id) !== undefined;
  }

  get(id: string): ListedDocument | undefined {
    const number = this.#ids.find(id);
    return number === undefined ? undefined : new Listing(number, this);
  }

  /** Notes that the document has a file. @returns false if the index does not list it */
  noteFile(id: string): boolean {
    const number = this.#ids.find(id);
    if (number === undefined) return false;
    this.#flags[number] = (this.#flags[number] ?? 0) | HAS_FILE;
    this.#files++;
    return true;
  }

  hasFile(id: string): boolean {
    const number = this.#ids.find(id);
    return number !== undefined && this.#hasFile(number);
  }

  /** The documents with a file, in the order of the index. */
  *withFile(): Generator<ListedDocument> {
    for (const id of this.#order) if (this.#hasFile(id)) yield new Listing(id, this);
  }

  /** Those without one. */
  *withoutFile(): Generator<ListedDocument> {
    if (this.#files === this.#order.length) return;
    for (const id of this.#order) if (!this.#hasFile(id)) yield new Listing(id, this);
  }

  /** The documents with a file in an order in which going through all takes least. */
  *inAnyOrder(): Generator<ListedDocument> {
    for (let id = 0; id < this.#order.length; id++) if (this.#hasFile(id)) yield new Listing(id, this);
  }

  /** Some documents with a file, in the order of the index. */
  select(isWanted: (document: ListedDocument) => boolean): readonly ListedDocument[] {
    const wanted = new Uint8Array(this.#order.length);
    let count = 0;
    for (let id = 0; id < wanted.length; id++) {
      if (!this.#hasFile(id) || !isWanted(new Listing(id, this))) continue;
      wanted[id] = 1;
      count++;
    }
    if (count === 0) return [];
    return Array.from(
      this.#order.filter((id) => wanted[id] === 1),
      (id) => new Listing(id, this),
    );
  }

  /** The id of a number. */
  idText(id: number): string {
    return this.#ids.text(id);
  }

  isInOuid(id: number): boolean {
    return ((this.#flags[id] ?? 0) & IN_OUID) !== 0;
  }

  entryOf(id: number): IndexEntry {
    const columns = this.#columns;
    return {
      [VERSION]: columns[VERSION].keysOf(id),
      [CONFIGURATIONS]: columns[CONFIGURATIONS].keysOf(id),
      [ENTITIES]: columns[ENTITIES].keysOf(id),
      [ALIASES]: columns[ALIASES].keysOf(id),
      [RUNS]: columns[RUNS].keysOf(id),
    };
  }

  #hasFile(id: number): boolean {
    return ((this.#flags[id] ?? 0) & HAS_FILE) !== 0;
  }
}

/** Most passes over a million documents look at a part of each. */
class Listing implements ListedDocument {
  readonly #number: number;
  readonly #table: ListingTable;

  constructor(number: number, table: ListingTable) {
    this.#number = number;
    this.#table = table;
  }

  get id(): string {
    return this.#table.idText(this.#number);
  }

  get isInOuid(): boolean {
    return this.#table.isInOuid(this.#number);
  }

  get entry(): IndexEntry {
    return this.#table.entryOf(this.#number);
  }
}
