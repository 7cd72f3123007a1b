import { diffArrays } from 'diff';
import type { NumberRange } from '../../src/runs/run-set.ts';
import { shortened, visible } from '../../src/shown-text.ts';

/** A parameter in a list for people. {@link pathText} is the same for programs; patterns may be written either way. */
export function nameText(file: string, path: string): string {
  return visible(path === '' ? file : `${file}: ${path}`);
}

/** `FILE:name.name[0]`; of a whole file `FILE:`. */
export function pathText(file: string, path: string): string {
  return `${file}:${path}`;
}

/** `5001–5080`. */
export function runsText({ first, last }: NumberRange): string {
  return first === last ? String(first) : `${first}–${last}`;
}

/** In place of the value of a parameter that is not set. */
export const NOT_SET = '(not set)';

/** Characters of a value in a list for people; programs get all of it. */
const LONGEST = 120;
/** Characters of what two values have in common that are shown before their difference. */
const CONTEXT = 20;

/** A value in a list for people. */
export function valueText(text: string): string {
  return visible(shortened(text, LONGEST));
}

/** Two values that differ, so that the difference can be seen. */
export function contrasted(old: string, changed: string): readonly [old: string, changed: string] {
  const start =
    old.length > LONGEST || changed.length > LONGEST ? Math.max(0, commonStart(old, changed) - CONTEXT) : 0;
  const cut = (text: string): string => valueText(start === 0 ? text : `…${text.slice(start)}`);
  return [cut(old), cut(changed)];
}

function commonStart(one: string, other: string): number {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length++;
  return length;
}

/** Removed and added lines up to which the shortest difference is looked for. */
const MAX_EDITS = 1000;
const SHOWN_LINES = 20;

/**
 * The lines by which two texts of several lines differ, marked with `-` and `+`.
 * @param old FHiCL as it is shown, in double quotes
 * @returns undefined if one is no such text, or if they have too little in common
 */
export function lineDifference(old: string, changed: string): string[] | undefined {
  const [before, after] = [linesOf(old), linesOf(changed)];
  if (before.length < 2 || after.length < 2) return undefined;
  const parts = diffArrays(before, after, { maxEditLength: MAX_EDITS });
  const lines = parts?.flatMap(({ value, added, removed }) =>
    added || removed ? value.map((line) => `${added ? '+' : '-'} ${valueText(line)}`) : [],
  );
  if (lines === undefined || lines.length <= SHOWN_LINES) return lines;
  const rest = lines.length - SHOWN_LINES;
  return [...lines.slice(0, SHOWN_LINES), `… and ${rest} more lines; --json has all of both texts`];
}

/** None of what is no text in double quotes. */
function linesOf(quoted: string): string[] {
  const isText = quoted.length > 1 && quoted.startsWith('"') && quoted.endsWith('"');
  return isText ? String(JSON.parse(quoted)).split('\n') : [];
}

/** A line of comma-separated values (RFC 4180, with LF). */
export function csvLine(fields: readonly (string | number | undefined)[]): string {
  const quoted = fields.map((field = '') => {
    const text = String(field);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  });
  return `${quoted.join(',')}\n`;
}

/** `1 file`, `3 files`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
