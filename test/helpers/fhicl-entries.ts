import { parseFhicl } from '../../src/fhicl/parse.ts';
import type { Value } from '../../src/fhicl/tree.ts';

/** A FHiCL value as a reader of the archive gets it: texts unescaped, everything else as the text of its source. */
export type Read = string | readonly Read[] | { readonly [key: string]: Read };

/** The top-level entries of a FHiCL text, in order; fails the test if artdaqDB would refuse it. */
export function entriesOf(text: string): [key: string, value: Read][] {
  const { prolog, main } = parseFhicl(text, 'converted text');
  if (prolog.length > 0) throw new Error('the text has a prolog');
  return main.map(({ key, value }) => [key, read(value)]);
}

/** The same as a map; fails if a key is there twice. */
export function tableOf(text: string): { readonly [key: string]: Read } {
  const entries = entriesOf(text);
  const table = Object.fromEntries(entries);
  if (Object.keys(table).length !== entries.length) throw new Error('a key is there twice');
  return table;
}

function read(value: Value): Read {
  if (value.type === 'sequence') return value.elements.map(read);
  if (value.type === 'table') {
    return Object.fromEntries(value.entries.map((entry) => [entry.key, read(entry.value)]));
  }
  return value.type === 'string_doublequoted' ? unescaped(value.text) : value.text;
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
]);

function unescaped(text: string): string {
  return text.replace(/\\(.)/gs, (_, character: string) => ESCAPES.get(character) ?? character);
}
