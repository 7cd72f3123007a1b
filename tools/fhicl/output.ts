import { type DocumentIdentity, readStored, toStoredJson } from '../../src/fhicl/document.ts';
import { entityOf, type FhiclFile } from '../../src/fhicl/fhicl-file.ts';
import { parseFhicl } from '../../src/fhicl/parse.ts';
import type { Entry, FhiclDocument, Value } from '../../src/fhicl/tree.ts';

/** Stand for what only a run has. */
const PLACEHOLDERS: Omit<DocumentIdentity, 'entity'> = {
  run: 0,
  config: 'none',
  collection: 'RunHistory',
  id: '0'.repeat(24),
  now: new Date(0),
};

/**
 * The document that artdaqDB would store for the text; run 0, configuration `none`, id and times are placeholders.
 * @throws FhiclError if artdaqDB would refuse the text
 */
export function storedText({ name, text }: FhiclFile): string {
  // Messages of this one have the name that the user knows.
  parseFhicl(text, name);
  const entity = entityOf({ name: name.replace(/^.*\//s, '') });
  return toStoredJson(text, { ...PLACEHOLDERS, entity });
}

/**
 * What an export of the stored text would give.
 * @throws FhiclError if artdaqDB would refuse the text
 */
export function exportOf(file: FhiclFile): string {
  return readStored(storedText(file)).fhicl;
}

/**
 * The data of a document as artdaqDB stores it, `{"prolog": …, "main": …}`: every scalar is a text as in the source,
 * and repeated names are repeated. Unlike the stored text this is strict JSON, even with control characters in it.
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
