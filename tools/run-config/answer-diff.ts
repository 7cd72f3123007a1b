import { FhiclError, messageOf } from '../../src/errors.ts';
import { exitCodes } from '../../src/exit.ts';
import type { FhiclFile } from '../../src/fhicl/fhicl-file.ts';
import type { RunNumber } from '../../src/runs/run-number.ts';
import { ALL_ENTITIES, type Asking, expectRuns, unlessStopped } from './asking.ts';
import { compareRecords } from './compare-records.ts';
import { differenceText, isEqual } from './diff-text.ts';
import type { Question } from './flags.ts';
import { isLeftOut } from './left-out.ts';
import { readParameters, type TableParameter } from './parameters.ts';

/**
 * Says how two runs differ.
 * @returns the exit code: success if they are equal
 * @throws ArchiverError if one can't be read
 */
export async function answerDiff(
  { runs, all }: Extract<Question, { action: 'diff' }>,
  asking: Asking,
): Promise<number> {
  const { source, from, format, write, say, stop } = asking;
  await expectRuns(runs, asking);
  const [a, b] = runs;
  const reading = Promise.all([source.read(a, ALL_ENTITIES), source.read(b, ALL_ENTITIES)]);
  const [before, after] = await unlessStopped(reading, stop);
  const records = new Records();
  const [old, changed] = [records.read(a, before), records.read(b, after)];
  for (const [name, message] of records.failures) {
    say(message);
    // What can't be read in one run is compared in neither.
    old.delete(name);
    changed.delete(name);
  }
  const difference = compareRecords(old, changed, all ? () => false : isLeftOut);
  const failed = [...records.failures.keys()].sort();
  const result = { runs, from, location: source.location, difference, failed };
  write(differenceText(result, format));
  return isEqual(result) ? exitCodes.success : exitCodes.failure;
}

/** Reads the files of two records, those with the same text once. */
class Records {
  /** What is wrong with files that are no FHiCL, by name. */
  readonly failures = new Map<string, string>();
  readonly #known = new Map<string, TableParameter>();

  read(run: RunNumber, files: readonly FhiclFile[]): Map<string, TableParameter> {
    const record = new Map<string, TableParameter>();
    for (const file of files) {
      try {
        const parameters = this.#known.get(file.text) ?? readParameters(file);
        this.#known.set(file.text, parameters);
        record.set(file.name, parameters);
      } catch (error) {
        if (!(error instanceof FhiclError)) throw error;
        this.failures.set(file.name, `Run ${run}: ${messageOf(error)}; it is left out`);
      }
    }
    return record;
  }
}
