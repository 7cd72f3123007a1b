import { configOf, runOf } from '../../src/artdaqdb/configuration-name.ts';
import { byRunNumber } from '../../src/runs/run-number.ts';

/** Configuration, `<run>/<config>`, -> the entities that it has in RunHistory. */
export type RunEntities = Pick<ReadonlyMap<string, ReadonlySet<string>>, 'get' | 'has'>;

/** What a run lacks that its neighbours have. */
export interface NeighbourComparison {
  /** The configurations that it was compared with: the stored ones before and after it. */
  readonly peers: readonly string[];
  /** Entities that all of them have and this one lacks. */
  readonly missing: readonly string[];
}

/** Compares a run with the stored runs before and after it. Those of the same configuration name tell most. */
export class RunComparison {
  readonly #entities: RunEntities;
  /** Name without run -> stored configurations by run. */
  readonly #byName = new Map<string, string[]>();
  readonly #all: readonly string[];

  /** @param stored configurations of wholly stored runs */
  constructor(entities: RunEntities, stored: Iterable<string>) {
    this.#entities = entities;
    this.#all = [...stored]
      .map((name) => ({ name, run: runOf(name) ?? -1 }))
      .filter(({ name, run }) => run >= 0 && entities.has(name))
      .sort((one, other) => byRunNumber(one.run, other.run))
      .map(({ name }) => name);
    for (const configuration of this.#all) {
      const name = configOf(configuration);
      const alike = this.#byName.get(name) ?? [];
      this.#byName.set(name, alike);
      alike.push(configuration);
    }
  }

  /** With the nearest stored runs of the same name, else with the nearest ones at all. */
  withNearest(configuration: string): NeighbourComparison {
    const alike = this.#beside(configuration, this.#byName.get(configOf(configuration)) ?? []);
    return this.#compare(configuration, alike.length > 0 ? alike : this.#beside(configuration, this.#all));
  }

  /** Of all stored runs: those that lack what both neighbours of the same name have. */
  *smallerThanNeighbours(): Generator<readonly [string, NeighbourComparison]> {
    for (const alike of this.#byName.values()) {
      let before: Peer | undefined;
      let own: Peer | undefined;
      for (const name of alike) {
        const after = this.#peer(name);
        if (before !== undefined && own !== undefined) {
          const comparison = compare(own, [before, after]);
          if (comparison.missing.length > 0) yield [own.name, comparison];
        }
        before = own;
        own = after;
      }
    }
  }

  #beside(configuration: string, sorted: readonly string[]): string[] {
    const run = runOf(configuration) ?? 0;
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((runOf(sorted[middle] ?? '') ?? 0) < run) low = middle + 1;
      else high = middle;
    }
    const after = sorted[low] === configuration ? low + 1 : low;
    return [sorted[low - 1], sorted[after]].filter((peer) => peer !== undefined);
  }

  #compare(configuration: string, peers: readonly string[]): NeighbourComparison {
    return compare(
      this.#peer(configuration),
      peers.map((peer) => this.#peer(peer)),
    );
  }

  #peer(name: string): Peer {
    return { name, entities: this.#entities.get(name) ?? new Set() };
  }
}

interface Peer {
  readonly name: string;
  readonly entities: ReadonlySet<string>;
}

function compare(own: Peer, peers: readonly Peer[]): NeighbourComparison {
  const [first, ...others] = peers;
  const missing = [...(first?.entities ?? [])].filter(
    (entity) => !own.entities.has(entity) && others.every(({ entities }) => entities.has(entity)),
  );
  return { peers: peers.map(({ name }) => name), missing: missing.sort() };
}
