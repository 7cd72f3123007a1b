import type { FhiclFile } from '../../src/fhicl/fhicl-file.ts';
import type { FileValues, FoundValue, RunValues } from './history.ts';
import { eachParameter, meaningText, readParameters } from './parameters.ts';
import type { PathPattern } from './path-pattern.ts';

interface LastFile {
  readonly text: string;
  readonly values: FileValues;
}

/** Finds the selected parameters of runs. A file that is as in the run before is not read again. */
export class ValueFinder {
  readonly #pattern: PathPattern;
  /** The files of the last run, by name. */
  #last: ReadonlyMap<string, LastFile> = new Map();

  constructor(pattern: PathPattern) {
    this.#pattern = pattern;
  }

  /**
   * The selected parameters of a run.
   * @throws FhiclError if one of the files is no FHiCL
   */
  valuesOf(files: readonly FhiclFile[]): RunValues {
    const read = new Map(files.map((file) => [file.name, { text: file.text, values: this.#valuesIn(file) }]));
    this.#last = read;
    return new Map([...read].flatMap(([name, { values }]) => (values.size === 0 ? [] : [[name, values]])));
  }

  #valuesIn(file: FhiclFile): FileValues {
    const last = this.#last.get(file.name);
    return last?.text === file.text ? last.values : selectedValues(file, this.#pattern);
  }
}

/**
 * The selected parameters of a file.
 * @throws FhiclError if it is no FHiCL
 */
export function selectedValues(file: FhiclFile, pattern: PathPattern): FileValues {
  const values = new Map<string, FoundValue>();
  eachParameter(
    readParameters(file),
    '',
    (path) => pattern.selects(path),
    (path, parameter) => values.set(path, { parameter, meaning: meaningText(parameter) }),
  );
  return values;
}
