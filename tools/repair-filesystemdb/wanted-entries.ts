import type { Entries, IndexEntry } from './documents.ts';

/** The entries of an index after a repair: those it has, less some, some changed, and new ones behind them. */
export class WantedEntries implements Entries {
  readonly #before: Entries;
  readonly #changed = new Map<string, IndexEntry>();
  readonly #removed = new Set<string>();
  readonly #added = new Map<string, IndexEntry>();

  constructor(before: Entries) {
    this.#before = before;
  }

  get size(): number {
    return this.#before.size - this.#removed.size + this.#added.size;
  }

  has(id: string): boolean {
    return this.#added.has(id) || (this.#before.has(id) && !this.#removed.has(id));
  }

  get(id: string): IndexEntry | undefined {
    if (this.#removed.has(id)) return undefined;
    return this.#added.get(id) ?? this.#changed.get(id) ?? this.#before.get(id);
  }

  set(id: string, entry: IndexEntry): void {
    if (this.#before.has(id)) {
      this.#removed.delete(id);
      this.#changed.set(id, entry);
    } else this.#added.set(id, entry);
  }

  /** @returns whether it was there */
  delete(id: string): boolean {
    if (this.#added.delete(id)) return true;
    if (!this.has(id)) return false;
    this.#removed.add(id);
    return true;
  }

  *[Symbol.iterator](): Generator<readonly [string, IndexEntry]> {
    const isAsBefore = this.#isAsBefore;
    for (const each of this.#before) {
      if (isAsBefore) yield each;
      else if (!this.#removed.has(each[0])) yield [each[0], this.#changed.get(each[0]) ?? each[1]];
    }
    yield* this.#added;
  }

  *values(): Generator<IndexEntry> {
    if (this.#isAsBefore) {
      yield* this.#before.values();
      yield* this.#added.values();
    } else for (const [, entry] of this) yield entry;
  }

  get #isAsBefore(): boolean {
    return this.#changed.size === 0 && this.#removed.size === 0;
  }
}
