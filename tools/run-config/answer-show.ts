import { FhiclError, messageOf } from '../../src/errors.ts';
import { exitCodes } from '../../src/exit.ts';
import { formatJson, visible } from '../../src/shown-text.ts';
import { type Asking, expectRuns, nothingFound, unlessStopped } from './asking.ts';
import type { Question } from './flags.ts';
import { textOf } from './parameters.ts';
import { csvLine, nameText, pathText } from './texts.ts';
import { selectedValues } from './values-of-run.ts';

/** Raised when a member of the JSON document changes its meaning or is removed. */
const VERSION = 1;

interface ShownParameter {
  readonly file: string;
  readonly path: string;
  readonly value: string;
}

/**
 * Shows parameters of a run.
 * @returns the exit code: failure if a file is no FHiCL
 * @throws ArchiverError if the run can't be read, or nothing was found
 */
export async function answerShow(
  { run, pattern }: Extract<Question, { action: 'show' }>,
  asking: Asking,
): Promise<number> {
  const { source, from, format, write, say, stop } = asking;
  await expectRuns([run], asking);
  const shown: ShownParameter[] = [];
  const failed: string[] = [];
  for (const file of await unlessStopped(source.read(run, pattern.entities), stop)) {
    try {
      for (const [path, { parameter }] of selectedValues(file, pattern)) {
        shown.push({ file: file.name, path, value: textOf(parameter) });
      }
    } catch (error) {
      if (!(error instanceof FhiclError)) throw error;
      say(`Run ${run}: ${messageOf(error)}; it is left out`);
      failed.push(file.name);
    }
  }
  if (shown.length === 0 && failed.length === 0) {
    throw await nothingFound(pattern, `Run ${run} does not have`, run, asking);
  }
  if (format === 'json') {
    const parameters = shown.map(({ file, path, value }) => ({ path: pathText(file, path), value }));
    write(formatJson({ version: VERSION, from, location: source.location, run, parameters, failed }));
  } else if (format === 'csv') {
    const lines = shown.map(({ file, path, value }) => csvLine([pathText(file, path), value]));
    write([csvLine(['path', 'value']), ...lines].join(''));
  } else {
    write(shown.map(({ file, path, value }) => `${nameText(file, path)}  ${visible(value)}\n`).join(''));
  }
  return failed.length === 0 ? exitCodes.success : exitCodes.failure;
}
