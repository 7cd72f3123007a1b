/** Hands out names of which no two are alike: a name that is taken gets `_2`, `_3` and so on. */
export class DistinctNames {
  readonly #taken: Set<string>;
  readonly #next = new Map<string, number>();

  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set(taken);
  }

  claim(wanted: string): string {
    let name = wanted;
    let number = this.#next.get(wanted) ?? 2;
    while (this.#taken.has(name)) name = `${wanted}_${number++}`;
    this.#next.set(wanted, number);
    this.#taken.add(name);
    return name;
  }
}
