import { byRunNumber, parseRunNumber, type RunNumber } from '../run-number.ts';

/** A stretch of run numbers without a gap, both ends included. */
type RunRange = readonly [first: RunNumber, last: RunNumber];

/** A set of run numbers kept as ranges: 100,000 runs in a row take the room of one. */
export class RunSet {
  readonly #ranges: readonly RunRange[];

  private constructor(ranges: readonly RunRange[]) {
    this.#ranges = ranges;
  }

  static of(runs: Iterable<RunNumber>): RunSet {
    return RunSet.#merge([...runs].map((run): RunRange => [run, run]));
  }

  /**
   * Reads texts as {@link toTexts} writes them.
   * @returns undefined if one of them is neither `<run>` nor `<first>-<last>` with first <= last.
   */
  static fromTexts(texts: readonly string[]): RunSet | undefined {
    const ranges: RunRange[] = [];
    for (const text of texts) {
      const ends = text.split('-').map(parseRunNumber);
      const first = ends[0];
      const last = ends.at(-1);
      if (first === undefined || last === undefined || ends.length > 2 || last < first) return undefined;
      ranges.push([first, last]);
    }
    return RunSet.#merge(ranges);
  }

  /** `17` for a single run, `20-35` for a range; ascending. */
  toTexts(): string[] {
    return this.#ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`));
  }

  has(run: RunNumber): boolean {
    let low = 0;
    let high = this.#ranges.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const [first, last] = this.#ranges[middle] ?? [run, run];
      if (run < first) high = middle - 1;
      else if (run > last) low = middle + 1;
      else return true;
    }
    return false;
  }

  union(other: RunSet): RunSet {
    return RunSet.#merge([...this.#ranges, ...other.#ranges]);
  }

  static #merge(ranges: RunRange[]): RunSet {
    const merged: [RunNumber, RunNumber][] = [];
    for (const [first, last] of ranges.sort((a, b) => byRunNumber(a[0], b[0]))) {
      const previous = merged.at(-1);
      if (previous !== undefined && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
      else merged.push([first, last]);
    }
    return new RunSet(merged);
  }
}
