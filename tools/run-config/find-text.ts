import type { RunNumber } from '../../src/runs/run-number.ts';
import type { NumberRange } from '../../src/runs/run-set.ts';
import { formatJson } from '../../src/shown-text.ts';
import type { AnswerFormat } from './flags.ts';
import type { ParameterHistory, ValueChange, ValueRange } from './history.ts';
import { textOf } from './parameters.ts';
import {
  contrasted,
  csvLine,
  lineDifference,
  NOT_SET,
  nameText,
  pathText,
  runsText,
  valueText,
} from './texts.ts';

/** What `find` went through. */
export interface Search {
  readonly pattern: string;
  /** `artdaqdb`, `ucondb` or `files`. */
  readonly from: string;
  readonly location: string;
  /** How many runs were read. */
  readonly read: number;
  readonly failed: readonly { readonly run: RunNumber; readonly error: string }[];
  /** Asked for, and not there. */
  readonly missing: readonly NumberRange[];
  readonly isInterrupted: boolean;
}

/** A change, and the runs that it is between. */
export interface ChangeAtRun extends ValueChange {
  readonly run: RunNumber;
  readonly before: RunNumber;
}

/** Raised when a member of the JSON document changes its meaning or is removed. */
const VERSION = 1;

/** The answer to `find`. */
export function historiesText(
  histories: readonly ParameterHistory[],
  search: Search,
  format: AnswerFormat,
): string {
  if (format === 'csv') {
    const lines = histories.flatMap(({ file, path, ranges }) =>
      ranges.map(({ first, last, value }) => csvLine([pathText(file, path), first, last, value])),
    );
    return csvLine(['path', 'first', 'last', 'value']) + lines.join('');
  }
  if (format === 'text') return histories.map(historyText).join('');
  const parameters = histories.map(({ file, path, ranges }) => ({
    path: pathText(file, path),
    ranges: ranges.map(({ value, ...runs }) => ({ ...runs, value: value ?? null })),
  }));
  return formatJson({ ...searchMembers(search), parameters });
}

function historyText({ file, path, ranges }: ParameterHistory): string {
  const lines = ranges.flatMap((range, index) => rangeLines(range, ranges[index - 1]));
  return [nameText(file, path), ...lines].map((line) => `${line}\n`).join('');
}

/** A range, with its value as it differs from that of the range before it. */
function rangeLines(range: ValueRange, before: ValueRange | undefined): string[] {
  const { value } = range;
  const runs = `  ${runsText(range)}:`;
  if (value === undefined) return [`${runs} ${NOT_SET}`];
  if (before?.value === undefined) return [`${runs} ${valueText(value)}`];
  const lines = lineDifference(before.value, value);
  if (lines === undefined) return [`${runs} ${contrasted(before.value, value)[1]}`];
  return [`${runs} other lines`, ...lines.map((line) => `    ${line}`)];
}

/** The head of a table of changes, which follow one by one: {@link changeText}. */
export const CHANGES_HEAD = csvLine(['run', 'previous_run', 'path', 'old', 'new']);

/** A line for a change, or several for a text of several lines. */
export function changeText(change: ChangeAtRun, format: AnswerFormat): string {
  const { run, before, file, path } = change;
  const [old, changed] = [change.old, change.new].map((value) => value && textOf(value.parameter));
  if (format === 'csv') return csvLine([run, before, pathText(file, path), old, changed]);
  const name = `${run}: ${nameText(file, path)}`;
  if (old === undefined || changed === undefined) {
    const [one, other] = [old, changed].map((text) => (text === undefined ? NOT_SET : valueText(text)));
    return `${name}  ${one} → ${other}\n`;
  }
  const lines = lineDifference(old, changed);
  if (lines !== undefined) return [name, ...lines.map((line) => `    ${line}`), ''].join('\n');
  const [one, other] = contrasted(old, changed);
  return `${name}  ${one} → ${other}\n`;
}

/** All changes as JSON. */
export function changesJson(changes: readonly ChangeAtRun[], search: Search): string {
  return formatJson({
    ...searchMembers(search),
    changes: changes.map(({ run, before, file, path, old, new: changed }) => ({
      run,
      previous_run: before,
      path: pathText(file, path),
      old: old === undefined ? null : textOf(old.parameter),
      new: changed === undefined ? null : textOf(changed.parameter),
    })),
  });
}

function searchMembers({ pattern, from, location, read, failed, missing, isInterrupted }: Search) {
  return { version: VERSION, from, location, pattern, read, failed, missing, interrupted: isInterrupted };
}
