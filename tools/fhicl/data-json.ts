import type { Entry, FhiclDocument, Value } from '../../src/fhicl/tree.ts';

/**
 * The data of a document as artdaqDB stores it, `{"prolog": …, "main": …}`: every scalar a text as in the source, repeated
 * names repeated. Unlike the stored text this is strict JSON, also where control characters are in it.
 */
export function dataJson({ prolog, main }: FhiclDocument): string {
  return `{\n  "prolog": ${tableJson(prolog, '  ')},\n  "main": ${tableJson(main, '  ')}\n}\n`;
}

function tableJson(entries: readonly Entry[], indent: string): string {
  const inner = `${indent}  `;
  const members = entries.map(({ key, value }) => `${JSON.stringify(key)}: ${valueJson(value, inner)}`);
  return inBrackets('{', members, '}', indent);
}

function valueJson(value: Value, indent: string): string {
  if (value.type === 'table') return tableJson(value.entries, indent);
  if (value.type !== 'sequence') return JSON.stringify(value.text);
  const elements = value.elements.map((element) => valueJson(element, `${indent}  `));
  return inBrackets('[', elements, ']', indent);
}

function inBrackets(open: string, members: readonly string[], close: string, indent: string): string {
  if (members.length === 0) return open + close;
  return `${open}\n${members.map((member) => `${indent}  ${member}`).join(',\n')}\n${indent}${close}`;
}
