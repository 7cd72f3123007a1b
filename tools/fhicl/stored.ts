import { type DocumentIdentity, readStored, toStoredJson } from '../../src/fhicl/document.ts';
import { entityOf } from '../../src/fhicl/fhicl-file.ts';
import { parseFhicl } from '../../src/fhicl/parse.ts';
import type { Input } from './inputs.ts';

/** In place of what only a run has. */
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
export function storedDocument(input: Input): string {
  // Alone to have messages under the name that the user knows.
  parseFhicl(input.text, input.name);
  const entity = entityOf({ name: input.name.replace(/^.*\//s, '') });
  return toStoredJson(input.text, { ...PLACEHOLDERS, entity });
}

/**
 * What an export of the stored text would give.
 * @throws FhiclError if artdaqDB would refuse the text
 */
export function exportOf(input: Input): string {
  return readStored(storedDocument(input)).fhicl;
}
