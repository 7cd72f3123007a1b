import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FilesystemDb } from '../../../src/artdaqdb/filesystem/filesystem-db.ts';
import { readStored } from '../../../src/fhicl/document.ts';
import { entityOf, type FhiclFile } from '../../../src/fhicl/fhicl-file.ts';
import { byName } from '../../helpers/artdaqdb-conformance.ts';
import { type GoldenRun, goldenDatabases, goldenRuns } from '../../helpers/golden-records.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();

function filesBelow(directory: string): FhiclFile[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => ({ name: entry.name, text: readFileSync(join(entry.parentPath, entry.name), 'utf8') }));
}

function databaseOf(run: GoldenRun): string {
  return join(dirname(dirname(run.directory)), 'db');
}

/** Whatever the ids and the times: id -> what the document is. */
function documentNames(collection: string): Map<string, string> {
  return new Map(
    readdirSync(collection)
      .filter((name) => name !== 'index.json')
      .map((name) => {
        const json = readFileSync(join(collection, name), 'utf8');
        const identity = readStored(json);
        const content = json
          .replaceAll(identity.id, 'ID')
          .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d{4}/g, 'TIME');
        return [identity.id, `${identity.version} ${identity.entity} ${content}`] as const;
      }),
  );
}

/** An index with documents in place of ids, for the configurations given; stamps and the order of keys don't matter. */
function indexOf(collection: string, configurations: ReadonlySet<string>): object {
  const names = documentNames(collection);
  const index: Record<string, Record<string, string[]> | string[]> = JSON.parse(
    readFileSync(join(collection, 'index.json'), 'utf8'),
  );
  const documents = (ids: readonly string[]) =>
    [...new Set(ids.map((id) => names.get(id) ?? `missing ${id}`))]
      .filter((name) => configurations.has(name.slice(0, name.indexOf(' '))))
      .sort();
  return Object.fromEntries(
    Object.entries(index).map(([member, value]) => {
      if (Array.isArray(value)) return [member, documents(value)];
      if (member === 'configurations.assigned') {
        return [
          member,
          Object.keys(value)
            .filter((key) => configurations.has(key))
            .sort(),
        ];
      }
      const lists = Object.entries(value).map(([key, ids]) => [key, documents(ids)] as const);
      return [member, Object.fromEntries(lists.filter(([, list]) => list.length > 0))];
    }),
  );
}

describe('databases that the C++ tools wrote', () => {
  it('they are listed and exported as bulkdownloader does, and stay unchanged', async () => {
    const runs = goldenRuns();
    for (const database of goldenDatabases()) {
      const copy = join(await temporaryDirectory(), 'db');
      await cp(database, copy, { recursive: true });
      const db = new FilesystemDb(copy);
      await db.prepare();
      const present = runs.filter((run) => databaseOf(run) === database);
      expect(await db.listRuns()).toEqual(present.map(({ run }) => run).sort((one, other) => one - other));
      for (const { run, config, directory } of present) {
        expect(await db.has(run, config)).toBe(true);
        expect(byName(await db.export(run))).toEqual(byName(filesBelow(join(directory, 'exported'))));
      }
      await db.close();
      expect(readdirSync(copy, { recursive: true }).sort()).toEqual(
        readdirSync(database, { recursive: true }).sort(),
      );
    }
  });

  it('they count as equal to ours', async () => {
    for (const database of goldenDatabases()) {
      const ours = join(await temporaryDirectory(), 'db');
      const db = new FilesystemDb(ours);
      const runs = goldenRuns().filter((run) => run.loaded && databaseOf(run) === database);
      for (const { run, config, directory } of runs) {
        await db.insert(run, config, filesBelow(join(directory, 'prepared')));
        await db.update(run, config, filesBelow(join(directory, 'update')));
      }
      const configurations = new Set(runs.map(({ run, config }) => `${run}/${config}`));
      for (const collection of ['RunHistory', 'SystemLayout']) {
        const [actual, expected] = [ours, database].map((place) =>
          indexOf(join(place, collection), configurations),
        );
        expect(actual).toEqual(expected);
      }
      const [ourMetadata, theirMetadata] = [ours, database].map((place) => {
        const directory = join(place, 'SystemMetadata');
        const names = readdirSync(directory).filter((name) => name !== '.run-record-archiver');
        const name = names.find((file) => /^[0-9a-f]{24}\.json$/.test(file)) ?? '';
        const text = readFileSync(join(directory, name), 'utf8');
        return { shape: text.replaceAll(/"[^"]*"(?=[,}])/g, '""'), files: names.length };
      });
      expect(ourMetadata).toEqual(theirMetadata);
    }
  });

  it('they accept further runs of ours, and updates of their own', async () => {
    for (const database of goldenDatabases()) {
      const copy = join(await temporaryDirectory(), 'db');
      await cp(database, copy, { recursive: true });
      const db = new FilesystemDb(copy);
      for (const { run, config } of goldenRuns().filter((each) => databaseOf(each) === database)) {
        const before = byName(await db.export(run));
        const added = { name: 'added.fcl', text: '\na: 1 \n' };
        await db.update(run, config, [added]);
        expect(byName(await db.export(run))).toEqual(byName([...before, added]));
        const files = before.filter((file) => entityOf(file) !== 'RunHistory2');
        await db.insert(run + 1000000, config, files);
        expect(await db.has(run, config)).toBe(true);
      }
    }
  });
});
