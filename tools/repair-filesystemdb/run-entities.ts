import { CONFIGURATIONS, ENTITIES } from '../../src/artdaqdb/filesystem/index/index-entry.ts';
import type { Entries } from './documents.ts';
import type { RunEntities } from './run-comparison.ts';

/** The entities that each configuration has, as numbers of names: there are a hundred thousand configurations, and few names. */
export class EntitiesByConfiguration implements RunEntities {
  /** Configuration -> its number. */
  readonly #numbers = new Map<string, number>();
  readonly #names: readonly string[];
  /** Numbers of entities, one configuration behind the other. */
  readonly #entities: Uint32Array;
  /** By number of the configuration: where its entities end. */
  readonly #ends: readonly number[];

  constructor(entries: Entries) {
    const ends: number[] = [];
    for (const entry of entries.values()) {
      for (const name of entry[CONFIGURATIONS]) {
        const number = this.#numbers.get(name) ?? this.#numbers.size;
        this.#numbers.set(name, number);
        ends[number] = (ends[number] ?? 0) + entry[ENTITIES].length;
      }
    }
    let total = 0;
    for (const [number, count] of ends.entries()) {
      ends[number] = total;
      total += count;
    }
    const names = new Map<string, number>();
    const entities = new Uint32Array(total);
    for (const entry of entries.values()) {
      for (const configuration of entry[CONFIGURATIONS]) {
        const number = this.#numbers.get(configuration) ?? 0;
        for (const entity of entry[ENTITIES]) {
          const name = names.get(entity) ?? names.size;
          names.set(entity, name);
          const next = ends[number] ?? 0;
          entities[next] = name;
          ends[number] = next + 1;
        }
      }
    }
    this.#names = [...names.keys()];
    this.#entities = entities;
    this.#ends = ends;
  }

  /** In any order. */
  get configurations(): Iterable<string> {
    return this.#numbers.keys();
  }

  has(configuration: string): boolean {
    return this.#numbers.has(configuration);
  }

  get(configuration: string): ReadonlySet<string> | undefined {
    const number = this.#numbers.get(configuration);
    if (number === undefined) return undefined;
    const numbers = this.#entities.subarray(this.#ends[number - 1] ?? 0, this.#ends[number]);
    return new Set(Array.from(numbers, (name) => this.#names[name] ?? ''));
  }
}
