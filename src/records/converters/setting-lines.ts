import { keyAndValue, type SourceLine, trimmed } from './source-text.ts';

const QUOTED_OR_REMARK = /"[^"]*"|'[^']*'|#.*/gs;

/** Settings of a file, with the lines that belong to each. */
export interface Setting {
  readonly line: SourceLine;
  /** Undefined if there is no colon. */
  readonly field: { readonly key: string; readonly value: string } | undefined;
  /** The lines up to the one that closes the value's bracket; empty as a rule. */
  readonly further: readonly SourceLine[];
}

/**
 * Reads `key: value` lines.
 * @param opening what a value that may take several lines begins with
 */
export function settingsIn(lines: readonly SourceLine[], opening: RegExp): Setting[] {
  const ends = closingLines(lines);
  const settings: Setting[] = [];
  let next = 0;
  for (const [index, line] of lines.entries()) {
    if (index < next) continue;
    const field = keyAndValue(trimmed(line.text));
    const isOpen =
      field !== undefined && opening.test(field.value) && splitAfterList(field.value) === undefined;
    next = (isOpen ? (ends.get(index) ?? index) : index) + 1;
    settings.push({ line, field, further: lines.slice(index + 1, next) });
  }
  return settings;
}

/**
 * Finds the brackets that are opened on one line and closed on a later one.
 * @returns index of the opening line -> index of the line that closes all that it opened
 */
function closingLines(lines: readonly SourceLine[]): ReadonlyMap<number, number> {
  const open: number[] = [];
  const closing = new Map<number, number>();
  lines.forEach(({ text }, index) => {
    for (const [bracket] of text.replace(QUOTED_OR_REMARK, '').matchAll(/[[\]{}]/g)) {
      if (bracket === '[' || bracket === '{') {
        open.push(index);
      } else {
        const opened = open.pop();
        if (opened !== undefined && opened !== index) closing.set(opened, index);
      }
    }
  });
  return closing;
}

/** Splits a text that begins with `[` behind the closing bracket; undefined if there is none. */
export function splitAfterList(text: string): { list: string; rest: string } | undefined {
  let depth = 0;
  for (const match of text.matchAll(/"[^"]*"|'[^']*'|[[\]]/g)) {
    if (match[0] === '[') depth++;
    else if (match[0] === ']') depth--;
    if (depth === 0) {
      const end = match.index + match[0].length;
      return { list: text.slice(0, end), rest: text.slice(end) };
    }
  }
  return undefined;
}
