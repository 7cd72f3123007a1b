import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toStoredJson } from '../../../src/fhicl/document.ts';
import { readStoredJson } from '../../../src/fhicl/stored-content.ts';
import type { Entry, FhiclDocument, Value } from '../../../src/fhicl/tree.ts';
import { writeFhicl } from '../../../src/fhicl/write.ts';

export const GOLDEN = join(import.meta.dirname, '../../fixtures/golden');

export const read = (...path: string[]) => readFileSync(join(...path), 'utf8');

export const identity = {
  entity: 'case',
  run: 1,
  config: 'x',
  collection: 'RunHistory',
  id: '0123456789abcdef01234567',
  now: new Date(0),
} as const;

export const store = (text: string) => toStoredJson(text, identity);

/** The FHiCL text of a stored document. */
export const exportOf = (json: string) => writeFhicl(contentOf(json));

export const roundTrip = (text: string) => exportOf(store(text));

/** A stored document with every stamp and id replaced by one placeholder each. */
export function withoutStamps(json: string): string {
  return json
    .replace(/"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d{4}"/g, '"STAMP"')
    .replace(/"\$oid" : "[0-9a-f]{24}"/g, '"$oid" : "ID"');
}

export function contentOf(json: string): FhiclDocument {
  return readStoredJson(json).content;
}

/** The data of a document without comments; the numbers of includes don't matter. */
export function dataOf({ prolog, main }: Pick<FhiclDocument, 'prolog' | 'main'>): unknown {
  return { prolog: entriesData(prolog), main: entriesData(main) };
}

function entriesData(entries: readonly Entry[]): unknown[] {
  return entries.map(({ key, protection, value }) => [
    key.replace(/^(fhicl_pound_include)_\d+$/, '$1'),
    protection,
    valueData(value),
  ]);
}

function valueData(value: Value): unknown {
  if (value.type === 'table') return { table: entriesData(value.entries) };
  if (value.type === 'sequence') return { sequence: value.elements.map(valueData) };
  return { [value.type]: value.text };
}
