import type { RunNumber } from '../../src/runs/run-number.ts';
import { type Parameter, textOf } from './parameters.ts';

/** A value of a parameter, and a text that is equal for equal values. */
export interface FoundValue {
  readonly parameter: Parameter;
  readonly meaning: string;
}

/** The parameters of a file that were looked for, by path. A file that is as before may be the very same map. */
export type FileValues = ReadonlyMap<string, FoundValue>;

/** The parameters of a run that were looked for, by file. */
export type RunValues = ReadonlyMap<string, FileValues>;

/** A parameter that is not as in the run before; absent where it is not set. */
export interface ValueChange {
  readonly file: string;
  readonly path: string;
  readonly old: FoundValue | undefined;
  readonly new: FoundValue | undefined;
}

/** Runs one after the other, as far as they were read, in which a parameter has one value. */
export interface ValueRange {
  readonly first: RunNumber;
  readonly last: RunNumber;
  /** How many they are. */
  readonly runs: number;
  /** Undefined: not set. */
  readonly value: string | undefined;
}

/** A parameter, and its values over the runs. */
export interface ParameterHistory {
  readonly file: string;
  readonly path: string;
  readonly ranges: readonly ValueRange[];
}

const NO_VALUES: FileValues = new Map();

/** What differs between two runs, in order of file and parameter. */
export function changesBetween(before: RunValues, after: RunValues): ValueChange[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names.flatMap((file) => {
    const [old, changed] = [before.get(file) ?? NO_VALUES, after.get(file) ?? NO_VALUES];
    return old === changed ? [] : changesIn(file, old, changed);
  });
}

function changesIn(file: string, before: FileValues, after: FileValues): ValueChange[] {
  const changes: ValueChange[] = [];
  for (const [path, old] of before) {
    const changed = after.get(path);
    if (changed?.meaning !== old.meaning) changes.push({ file, path, old, new: changed });
  }
  for (const [path, changed] of after) {
    if (!before.has(path)) changes.push({ file, path, old: undefined, new: changed });
  }
  return changes;
}

interface OpenRange {
  readonly first: RunNumber;
  /** How many runs were read before it. */
  readonly runsBefore: number;
  readonly value: string | undefined;
}

/** Gathers the values of parameters run after run. It takes memory for each change, not for each run. */
export class Histories {
  #before: RunValues = new Map();
  readonly #byFile = new Map<string, Map<string, { ranges: ValueRange[]; open: OpenRange }>>();
  #first: RunNumber | undefined;
  #last: RunNumber = 0;
  #runs = 0;

  /** Adds a run; the numbers must ascend. */
  add(run: RunNumber, values: RunValues): void {
    this.#first ??= run;
    for (const { file, path, new: changed } of changesBetween(this.#before, values)) {
      this.#change(file, path, {
        first: run,
        runsBefore: this.#runs,
        value: changed && textOf(changed.parameter),
      });
    }
    this.#before = values;
    this.#last = run;
    this.#runs++;
  }

  /** How many runs were added. */
  get runs(): number {
    return this.#runs;
  }

  /** In order of file; the parameters of a file in the order in which they were found. */
  all(): ParameterHistory[] {
    const files = [...this.#byFile].sort(([one], [other]) => (one < other ? -1 : 1));
    return files.flatMap(([file, parameters]) =>
      [...parameters].map(([path, { ranges, open }]) => ({
        file,
        path,
        ranges: [...ranges, this.#closed(open)],
      })),
    );
  }

  #change(file: string, path: string, next: OpenRange): void {
    const parameters = this.#byFile.get(file) ?? new Map();
    this.#byFile.set(file, parameters);
    const known = parameters.get(path);
    if (known !== undefined) {
      known.ranges.push(this.#closed(known.open));
      known.open = next;
      return;
    }
    const unset = { first: this.#first ?? 0, runsBefore: 0, value: undefined };
    parameters.set(path, { ranges: this.#runs === 0 ? [] : [this.#closed(unset)], open: next });
  }

  #closed({ first, runsBefore, value }: OpenRange): ValueRange {
    return { first, last: this.#last, runs: this.#runs - runsBefore, value };
  }
}
