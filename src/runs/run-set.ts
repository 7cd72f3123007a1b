import { byRunNumber, parseRunNumber, type RunNumber } from './run-number.ts';

/** A set of run numbers kept as ranges: 100,000 runs in a row take the room of one. */
export class RunSet {
  /** The ranges as they were given. */
  readonly asked: readonly NumberRange[];
  readonly #ranges: readonly NumberRange[];

  private constructor(ranges: readonly NumberRange[], asked: readonly NumberRange[] = ranges) {
    this.#ranges = ranges;
    this.asked = asked;
  }

  /** Most runs come in order, and then this takes the room of their ranges alone. */
  static of(runs: Iterable<RunNumber>): RunSet {
    const ranges = new RunRanges();
    for (const run of runs) ranges.add(run);
    return ranges.toSet();
  }

  /** The runs of ranges in any order, which may overlap. */
  static ofRanges(ranges: Iterable<NumberRange>): RunSet {
    return RunSet.#merge([...ranges]);
  }

  /**
   * Reads texts as {@link toTexts} writes them.
   * @returns undefined if one of them is neither `<run>` nor `<first>-<last>` with first <= last.
   */
  static fromTexts(texts: readonly string[]): RunSet | undefined {
    const ranges: NumberRange[] = [];
    for (const text of texts) {
      const ends = text.split('-').map(parseRunNumber);
      const first = ends[0];
      const last = ends.at(-1);
      if (first === undefined || last === undefined || ends.length > 2 || last < first) return undefined;
      ranges.push({ first, last });
    }
    return new RunSet(RunSet.#merge([...ranges]).#ranges, ranges);
  }

  /** Ascending, apart from each other. */
  get ranges(): readonly NumberRange[] {
    return this.#ranges;
  }

  get isEmpty(): boolean {
    return this.#ranges.length === 0;
  }

  /** All runs, ascending. */
  *numbers(): Generator<RunNumber> {
    for (const { first, last } of this.#ranges) for (let run = first; run <= last; run++) yield run;
  }

  /** The same at once, in a tenth of the time. */
  toNumbers(): RunNumber[] {
    const numbers = new Array<RunNumber>(this.size);
    let count = 0;
    for (const { first, last } of this.#ranges)
      for (let run = first; run <= last; run++) numbers[count++] = run;
    return numbers;
  }

  /** `17` for a single run, `20-35` for a range; ascending. */
  toTexts(): string[] {
    return this.#ranges.map(rangeText);
  }

  has(run: RunNumber): boolean {
    return this.rangeOf(run) !== undefined;
  }

  /** The range that holds a run. */
  rangeOf(run: RunNumber): NumberRange | undefined {
    let low = 0;
    let high = this.#ranges.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const range = this.#ranges[middle];
      if (range === undefined || run < range.first) high = middle - 1;
      else if (run > range.last) low = middle + 1;
      else return range;
    }
    return undefined;
  }

  /** Does it hold a run of the range? */
  meets(range: NumberRange): boolean {
    return (this.#ranges[this.#indexFrom(range.first)]?.first ?? Infinity) <= range.last;
  }

  /** The index of the first range that does not end below a run. */
  #indexFrom(run: RunNumber): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ranges[middle]?.last ?? Infinity) < run) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  union(other: RunSet): RunSet {
    return RunSet.#merge([...this.#ranges, ...other.#ranges]);
  }

  /** The runs up to this one. */
  upTo(highest: RunNumber): RunSet {
    const below = this.#ranges.filter(({ first }) => first <= highest);
    return new RunSet(below.map(({ first, last }) => ({ first, last: Math.min(last, highest) })));
  }

  /** The runs that are in the other set, too. */
  intersection(other: RunSet): RunSet {
    const common: NumberRange[] = [];
    const [these, those] = [this.#ranges, other.#ranges];
    // A set of few ranges does not pay for all ranges of the other one.
    let i = this.#indexFrom(those[0]?.first ?? 0);
    let j = other.#indexFrom(these[0]?.first ?? 0);
    while (i < these.length && j < those.length) {
      const [one, two] = [these[i], those[j]];
      if (one === undefined || two === undefined) break;
      const [first, last] = [Math.max(one.first, two.first), Math.min(one.last, two.last)];
      if (first <= last) common.push({ first, last });
      if (one.last < two.last) i++;
      else j++;
    }
    return new RunSet(common);
  }

  /** The number of runs. */
  get size(): number {
    return this.#ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  }

  /** All runs but these. */
  without(runs: Iterable<RunNumber>): RunSet {
    return this.minus(RunSet.of(runs));
  }

  /** The runs that are not in the other set. */
  minus(other: RunSet): RunSet {
    const left: NumberRange[] = [];
    const gone = other.#ranges;
    let next = 0;
    for (const { first, last } of this.#ranges) {
      let from = first;
      for (let hole = gone[next]; hole !== undefined && hole.first <= last; hole = gone[next]) {
        if (hole.first > from) left.push({ first: from, last: hole.first - 1 });
        from = Math.max(from, hole.last + 1);
        // A hole that reaches beyond this range may reach into the next one.
        if (hole.last > last) break;
        next++;
      }
      if (from <= last) left.push({ first: from, last });
    }
    return new RunSet(left);
  }

  static #merge(ranges: NumberRange[]): RunSet {
    const merged: { first: RunNumber; last: RunNumber }[] = [];
    for (const { first, last } of ranges.sort((a, b) => byRunNumber(a.first, b.first))) {
      const previous = merged.at(-1);
      if (previous !== undefined && first <= previous.last + 1) previous.last = Math.max(previous.last, last);
      else merged.push({ first, last });
    }
    return new RunSet(merged);
  }
}

/** The runs that are among the others, too, in the order of the first list. */
export function common(runs: readonly RunNumber[], others: Iterable<RunNumber>): RunNumber[] {
  const present = RunSet.of(others);
  return runs.filter((run) => present.has(run));
}

/** The runs that are not among the others, in the order of the first list. */
export function without(runs: readonly RunNumber[], others: Iterable<RunNumber>): RunNumber[] {
  const present = RunSet.of(others);
  return runs.filter((run) => !present.has(run));
}

/** Collects runs one by one; as ranges, since most come in order. */
export class RunRanges {
  readonly #ranges: { first: RunNumber; last: RunNumber }[] = [];

  add(run: RunNumber): void {
    const current = this.#ranges[this.#ranges.length - 1];
    if (current !== undefined && run >= current.first && run <= current.last + 1) {
      if (run > current.last) current.last = run;
    } else this.#ranges.push({ first: run, last: run });
  }

  toSet(): RunSet {
    return RunSet.ofRanges(this.#ranges);
  }
}

/** Consecutive whole numbers, both ends included. */
export interface NumberRange {
  readonly first: number;
  readonly last: number;
}

/** The consecutive ranges of an ascending list; a number that is repeated counts once. */
export function toRanges(numbers: readonly number[]): NumberRange[] {
  const ranges: { first: number; last: number }[] = [];
  for (const number of numbers) {
    const current = ranges.at(-1);
    if (current !== undefined && number <= current.last + 1) current.last = number;
    else ranges.push({ first: number, last: number });
  }
  return ranges;
}

/** `17` for a single number, `20-35` for more. */
export function rangeText({ first, last }: NumberRange): string {
  return first === last ? String(first) : `${first}-${last}`;
}

const SHOWN_RANGES = 10;
const SHOWN_GAPS = 20;

/** Ranges as text; of more than 10 the middle is left out. */
export function formatRanges(ranges: readonly NumberRange[]): string {
  if (ranges.length === 0) return 'None';
  if (ranges.length <= SHOWN_RANGES) return ranges.map(rangeText).join(', ');
  const half = SHOWN_RANGES / 2;
  const head = ranges.slice(0, half).map(rangeText).join(', ');
  const tail = ranges.slice(-half).map(rangeText).join(', ');
  return `${head} ... ${tail} (${ranges.length} ranges total)`;
}

/** Ascending runs as text, as {@link formatRanges} writes their ranges. */
export function formatRuns(runs: readonly RunNumber[]): string {
  return formatRanges(toRanges(runs));
}

/** The runs that are missing between ranges, as text: the first 20, then their number. */
export function formatGaps(ranges: readonly NumberRange[]): string {
  const shown: RunNumber[] = [];
  let total = 0;
  let previous: NumberRange | undefined;
  for (const range of ranges) {
    if (previous !== undefined) {
      total += range.first - previous.last - 1;
      for (let run = previous.last + 1; run < range.first && shown.length < SHOWN_GAPS; run++)
        shown.push(run);
    }
    previous = range;
  }
  if (total === 0) return 'None';
  const list = shown.join(', ');
  return total > shown.length ? `${list} ... (${total} gaps total)` : list;
}
