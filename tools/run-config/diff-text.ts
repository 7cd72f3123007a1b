import type { RunNumber } from '../../src/runs/run-number.ts';
import { formatJson } from '../../src/shown-text.ts';
import type { LoneFile, ParameterChange, RecordDifference } from './compare-records.ts';
import type { AnswerFormat } from './flags.ts';
import { type Parameter, textOf } from './parameters.ts';
import { contrasted, counted, csvLine, lineDifference, nameText, pathText, valueText } from './texts.ts';

/** Two runs, and how they differ. */
export interface RunDifference {
  readonly runs: readonly [RunNumber, RunNumber];
  /** `artdaqdb`, `ucondb` or `files`. */
  readonly from: string;
  readonly location: string;
  readonly difference: RecordDifference;
  /** Files that could not be compared, and why. */
  readonly failed: readonly string[];
}

/** Raised when a member of the JSON document changes its meaning or is removed. */
const VERSION = 1;

/** Are the runs equal, as far as could be told? */
export function isEqual({ difference, failed }: RunDifference): boolean {
  const { removed, added, moved, parameters } = difference;
  return [removed, added, moved, parameters, failed].every((list) => list.length === 0);
}

/** The answer to `diff`. */
export function differenceText(result: RunDifference, format: AnswerFormat): string {
  if (format === 'json') return differenceJson(result);
  return format === 'csv' ? differenceCsv(result) : differenceLines(result).join('');
}

function differenceLines(result: RunDifference): string[] {
  const { removed, added, moved, parameters } = result.difference;
  const lone = ({ name, parameters: count }: LoneFile, what: string): string =>
    `${nameText(name, '')}  ${what} (${counted(count, 'parameter')})`;
  return [
    ...moved.map(({ from, to }) => `${nameText(from, '')} → ${nameText(to, '')}  moved`),
    ...removed.map((file) => lone(file, 'removed')),
    ...added.map((file) => lone(file, 'added')),
    ...parameters.flatMap(changeLines),
    summary(result),
  ].map((line) => `${line}\n`);
}

function changeLines({ file, path, oldPath, old, new: changed }: ParameterChange): string[] {
  const name = nameText(file, path);
  if (old === undefined || changed === undefined) {
    const value = old ?? changed;
    return [
      `${name}  ${old === undefined ? 'added' : 'removed'} ${value === undefined ? '' : valueText(textOf(value))}`,
    ];
  }
  const lines = lineDifference(textOf(old), textOf(changed));
  const was = path === oldPath ? '' : `  (was ${oldPath})`;
  if (lines !== undefined) return [`${name}${was}`, ...lines.map((line) => `    ${line}`)];
  const [before, after] = contrasted(textOf(old), textOf(changed));
  return [`${name}  ${before} → ${after}${was}`];
}

function summary(result: RunDifference): string {
  const { runs, difference, failed } = result;
  const { removed, added, moved, parameters, leftOut } = difference;
  const files = removed.length + added.length + moved.length;
  const parts = [
    ...(files > 0 ? [counted(files, 'file')] : []),
    ...(parameters.length > 0 ? [counted(parameters.length, 'parameter')] : []),
  ];
  const verb = files + parameters.length === 1 ? 'differs' : 'differ';
  const found = parts.length === 0 ? 'no difference' : `${parts.join(' and ')} ${verb}`;
  const left = leftOut === 0 ? '' : `; left out: ${leftOut} that differ in every run (--all shows them)`;
  const lost = failed.length === 0 ? '' : `; ${counted(failed.length, 'file')} could not be compared`;
  return `Runs ${runs[0]} and ${runs[1]}: ${found}${left}${lost}`;
}

/** Documentation/RUN_CONFIG.md, "JSON and CSV". */
function differenceJson(result: RunDifference): string {
  const { runs, from, location, difference, failed } = result;
  const { removed, added, moved, parameters, leftOut } = difference;
  return formatJson({
    version: VERSION,
    from,
    location,
    runs,
    equal: isEqual(result),
    files: { moved, removed, added },
    parameters: parameters.map(({ file, path, oldPath, old, new: changed }) => ({
      change: kindOf(old, changed),
      path: pathText(file, path),
      old_path: pathText(file, oldPath),
      old: old === undefined ? null : textOf(old),
      new: changed === undefined ? null : textOf(changed),
    })),
    left_out: leftOut,
    failed,
  });
}

function differenceCsv({ difference }: RunDifference): string {
  const { removed, added, moved, parameters } = difference;
  const text = (value: Parameter | undefined): string | undefined => value && textOf(value);
  return [
    csvLine(['change', 'path', 'old_path', 'old', 'new']),
    ...moved.map(({ from, to }) => csvLine(['moved', pathText(to, ''), pathText(from, ''), '', ''])),
    ...removed.map(({ name }) => csvLine(['removed', pathText(name, ''), pathText(name, ''), '', ''])),
    ...added.map(({ name }) => csvLine(['added', pathText(name, ''), pathText(name, ''), '', ''])),
    ...parameters.map(({ file, path, oldPath, old, new: changed }) =>
      csvLine([
        kindOf(old, changed),
        pathText(file, path),
        pathText(file, oldPath),
        text(old),
        text(changed),
      ]),
    ),
  ].join('');
}

function kindOf(old: unknown, changed: unknown): 'added' | 'removed' | 'changed' {
  if (old === undefined) return 'added';
  return changed === undefined ? 'removed' : 'changed';
}
