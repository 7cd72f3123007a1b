/** A FHiCL value to write: text is quoted, a bigint is written in hexadecimal. */
export type Value = string | number | bigint | boolean | readonly Value[] | Table;

/** The key of a table's lines that DAQInterface's bookkeeping inserts: written as they are, at its end. */
export const BOOKKEEPING = Symbol('bookkeeping');

/** The entries of a table; written in order of key. */
export interface Table {
  readonly [key: string]: Value;
  readonly [BOOKKEEPING]?: readonly string[];
}

/**
 * Writes a document as DAQInterface leaves it: the layout of `fhicl-dump` (keys sorted, three blanks a level, one element
 * of a sequence a line), with the bookkeeping lines unindented.
 * @param id eight hexadecimal digits that stand in the comment at the head
 */
export function fhiclDump(document: Table, id: string): string {
  const head = [
    "# Produced from 'fhicl-dump' using:",
    `#   Input  : ./in.${id}.fcl`,
    '#   Policy : cet::filepath_maker',
    '#   Path   : "FHICL_FILE_PATH"',
    '',
  ];
  return `${[...head, ...entries(document, 0)].join('\n')}\n`;
}

function entries(table: Table, level: number): string[] {
  const lines = Object.keys(table)
    .sort()
    .flatMap((key) => {
      const [first = '', ...rest] = linesOf(table[key] ?? '', level);
      return [`${indent(level)}${key}: ${first}`, ...rest];
    });
  return [...lines, ...(table[BOOKKEEPING] ?? [])];
}

/** The first line is without indentation, as it follows a key. */
function linesOf(value: Value, level: number): string[] {
  if (typeof value === 'string') return [quoted(value)];
  if (typeof value === 'number') return [canonical(value)];
  if (typeof value === 'bigint') return [`0x${value.toString(16).toUpperCase()}`];
  if (typeof value === 'boolean') return [String(value)];
  if (isSequence(value)) {
    if (value.length === 0) return ['[]'];
    const elements = value.flatMap((element, i) => {
      const lines = linesOf(element, level + 1);
      if (i < value.length - 1) lines.push(`${lines.pop() ?? ''},`);
      return [`${indent(level + 1)}${lines[0] ?? ''}`, ...lines.slice(1)];
    });
    return ['[', ...elements, `${indent(level)}]`];
  }
  const inner = entries(value, level + 1);
  return inner.length === 0 ? ['{}'] : ['{', ...inner, `${indent(level)}}`];
}

function isSequence(value: readonly Value[] | Table): value is readonly Value[] {
  return Array.isArray(value);
}

function indent(level: number): string {
  return '   '.repeat(level);
}

function quoted(text: string): string {
  const escaped = text.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\t', '\\t');
  return `"${escaped}"`;
}

/** fhicl-cpp writes integers of more than six digits as a mantissa without trailing zeros, and an exponent. */
function canonical(value: number): string {
  return Number.isInteger(value) && Math.abs(value) >= 1e6
    ? value.toExponential().replace('e+', 'e')
    : String(value);
}
