import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Collection, readStored, sameContent, toStoredJson } from '../../../src/fhicl/document.ts';
import { exportOf, GOLDEN, identity, read, withoutStamps } from './support.ts';

const COLLECTIONS: readonly Collection[] = ['RunHistory', 'SystemLayout'];
const names = (...path: string[]) => (existsSync(join(...path)) ? readdirSync(join(...path)) : []);

for (const set of readdirSync(join(GOLDEN, 'records'))) {
  const root = join(GOLDEN, 'records', set);
  const documents = COLLECTIONS.flatMap((collection) =>
    names(root, 'db', collection)
      .filter((name) => name !== 'index.json')
      .map((name) => read(root, 'db', collection, name))
      .map((json) => ({ json, stored: readStored(json) })),
  );

  describe(`the database of the records "${set}"`, () => {
    it('identifies its documents', () => {
      expect(documents.length).toBeGreaterThan(0);
      for (const { stored } of documents) {
        expect(stored.version).toBe(`${stored.runs[0]}/${stored.version.split('/')[1]}`);
        expect(stored.configurations.map((configuration) => configuration.name)).toEqual([stored.version]);
        expect(stored.id).toMatch(/^[0-9a-f]{24}$/);
        expect(stored.collection).toBe(stored.entity === 'schema' ? 'SystemLayout' : 'RunHistory');
      }
    });

    it('holds what ours stores for each loaded file', () => {
      for (const { json, stored } of documents) {
        const [run = '', config = ''] = stored.version.split('/');
        const source = ['prepared', 'update']
          .map((step) => join(root, 'runs', run, step, `${stored.entity}.fcl`))
          .find(existsSync);
        const collection = stored.entity === 'schema' ? 'SystemLayout' : 'RunHistory';
        const ours = toStoredJson(read(source ?? ''), {
          ...identity,
          entity: stored.entity,
          run: Number(run),
          config,
          collection,
        });
        expect(withoutStamps(ours)).toBe(withoutStamps(json));
        expect(sameContent(ours, json)).toBe(true);
      }
    });

    it('is exported byte for byte', () => {
      for (const run of names(root, 'runs')) {
        const exported = readdirSync(join(root, 'runs', run, 'exported'), {
          recursive: true,
          encoding: 'utf8',
        });
        for (const path of exported.filter((name) => name.endsWith('.fcl'))) {
          const entity = path.split('/').at(-1)?.slice(0, -'.fcl'.length);
          const document = documents.find(({ stored }) => stored.runs[0] === run && stored.entity === entity);
          expect(exportOf(document?.json ?? '')).toBe(read(root, 'runs', run, 'exported', path));
        }
      }
    });
  });
}
