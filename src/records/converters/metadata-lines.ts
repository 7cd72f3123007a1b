import { isComment, keyAndValue, type SourceLine, trimmed } from './source-text.ts';

const COMPONENT_KEY = /^Component #\d+$/;

interface Field {
  readonly key: string;
  readonly value: string;
}

/** The `key: value` of a line of `metadata.txt`; undefined for comments and other lines. */
export function fieldOf(line: SourceLine): Field | undefined {
  return isComment(line) ? undefined : keyAndValue(trimmed(line.text));
}

/** Is it a `Component #<n>` line? */
export function isComponent(field: Field): boolean {
  return COMPONENT_KEY.test(field.key);
}

/** The values of `Component #<n>` lines, in the order of the file (their numbers don't count). */
export function componentsIn(lines: readonly SourceLine[]): string[] {
  return lines.flatMap((line) => {
    const field = fieldOf(line);
    return field !== undefined && isComponent(field) ? [field.value] : [];
  });
}
