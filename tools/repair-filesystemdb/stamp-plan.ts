import { CONFIGURATIONS } from '../../src/artdaqdb/filesystem/index/index-entry.ts';
import { ascending, type DocumentReader, type Entries } from './documents.ts';
import type { WantedStamps } from './index-text.ts';
import type { StampTable } from './stamp-table.ts';

/**
 * The stamps that an index with some entries must hold. If every document of a configuration was read, they follow from the
 * documents; otherwise the index is trusted.
 */
export class StampPlan implements WantedStamps {
  readonly #entries: Entries;
  readonly #before: StampTable;
  /** All configurations of the entries. */
  readonly #configurations = new Set<string>();
  /** What documents say that were read. */
  readonly #said = new Map<string, string[]>();
  /** Those configurations of {@link #said} that have other documents too. */
  readonly #partly = new Set<string>();

  constructor(entries: Entries, reader: DocumentReader, before: StampTable) {
    this.#entries = entries;
    this.#before = before;
    for (const entry of entries.values()) {
      for (const name of entry[CONFIGURATIONS]) this.#configurations.add(name);
    }
    if (reader.isUnused) return;
    for (const [id, entry] of entries) {
      const envelope = reader.envelope(id);
      if (envelope === undefined) continue;
      for (const name of entry[CONFIGURATIONS]) {
        const said = this.#said.get(name) ?? [];
        this.#said.set(name, said);
        for (const each of envelope.assignments) if (each.name === name) said.push(each.assigned);
      }
    }
    for (const [id, entry] of entries) {
      if (reader.envelope(id) !== undefined) continue;
      for (const name of entry[CONFIGURATIONS]) if (this.#said.has(name)) this.#partly.add(name);
    }
  }

  /** In the order of the entries. */
  get configurations(): Iterable<string> {
    return this.#inOrder(this.#configurations);
  }

  readonly of = (configuration: string): readonly string[] => {
    if (!this.#configurations.has(configuration)) return [];
    const before = this.#before.of(configuration);
    const said = this.#said.get(configuration);
    if (said === undefined) return before;
    if (!this.#partly.has(configuration)) return ascending(said);
    return said.length === 0 ? before : ascending([...before, ...said]);
  };

  /**
   * The configurations whose stamps are not those that the index has, in the order of the entries.
   * @param listed all that the index has stamps of; those without an entry come last
   */
  changed(listed: Iterable<string>): string[] {
    const changed = new Set<string>();
    for (const name of this.#said.keys()) if (this.#isChanged(name)) changed.add(name);
    const rest: string[] = [];
    for (const name of listed) {
      if (!this.#configurations.has(name) && this.#before.has(name)) rest.push(name);
    }
    return [...(changed.size === 0 ? [] : this.#inOrder(changed)), ...rest];
  }

  #isChanged(configuration: string): boolean {
    const [before, after] = [this.#before.of(configuration), this.of(configuration)];
    return before.length !== after.length || before.some((stamp, place) => stamp !== after[place]);
  }

  #inOrder(configurations: ReadonlySet<string>): Set<string> {
    const inOrder = new Set<string>();
    for (const [, entry] of this.#entries) {
      for (const name of entry[CONFIGURATIONS]) if (configurations.has(name)) inOrder.add(name);
    }
    return inOrder;
  }
}
