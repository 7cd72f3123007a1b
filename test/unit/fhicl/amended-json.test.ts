import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FhiclError } from '../../../src/errors.ts';
import { amendedJson, readStored, sameContent, toStoredJson } from '../../../src/fhicl/document.ts';
import { goldenDatabases } from '../../helpers/golden-records.ts';

const identity = {
  entity: 'x',
  run: 7,
  config: 'c "1"',
  collection: 'RunHistory',
  id: '0'.repeat(24),
} as const;
const file = { name: 'x.fcl', text: '# say\na: "1\\"" # why\na: 2\nb: { c: [1, {}] }\n' };

describe('amendedJson', () => {
  it('gives the bytes that the document would have had', () => {
    const now = new Date();
    const before = toStoredJson('old: 1\n', { ...identity, now });
    expect(amendedJson(before, file)).toBe(toStoredJson(file.text, { ...identity, now }));
    expect(amendedJson(amendedJson(before, file), { ...file, text: 'old: 1\n' })).toBe(before);
  });

  it('keeps what the C++ tools stored with a document, byte for byte', () => {
    for (const database of goldenDatabases()) {
      const directory = join(database, 'RunHistory');
      for (const name of readdirSync(directory).filter((each) => each !== 'index.json')) {
        const stored = readFileSync(join(directory, name), 'utf8');
        const amended = amendedJson(stored, file);
        const envelope = (json: string) => json.slice(json.lastIndexOf('"origin" :'));
        expect(envelope(amended)).toBe(envelope(stored));
        const { fhicl: _before, ...filed } = readStored(stored);
        expect(readStored(amended)).toMatchObject(filed);
        expect(sameContent(amended, toStoredJson(file.text, { ...identity, now: new Date() }))).toBe(true);
      }
    }
  });

  it('refuses what is not FHiCL', () => {
    const stored = toStoredJson('old: 1\n', { ...identity, now: new Date() });
    expect(() => amendedJson(stored, { name: 'x.fcl', text: 'a: }\n' })).toThrow(FhiclError);
  });
});
