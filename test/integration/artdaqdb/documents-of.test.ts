import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { NativeArtdaqDb } from '../../../src/artdaqdb/backend.ts';
import { realFiles } from '../../../src/artdaqdb/filesystem/database-files.ts';
import { FilesystemDb } from '../../../src/artdaqdb/filesystem/filesystem-db.ts';
import { MongoDb } from '../../../src/artdaqdb/mongo/mongo-db.ts';
import { documentsOfRun } from '../../helpers/artdaqdb-conformance.ts';
import { documentOf, removeDocument } from '../../helpers/database-damage.ts';
import { goldenDatabases } from '../../helpers/golden-records.ts';
import { describeWithMongodb, uniqueDatabaseUri } from '../../helpers/mongodb-server.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();
const ALL = /^.*$/;

async function openWith(open: () => NativeArtdaqDb): Promise<NativeArtdaqDb> {
  const db = open();
  await db.insert(7, 'standard', documentsOfRun(7, [{ name: 'bootstrap.fcl', text: '\na: 1 \n' }]));
  await db.insert(8, 'standard', documentsOfRun(8));
  await db.insert(8, 'again', documentsOfRun(88));
  return db;
}

/** What every database does. */
async function expectDocuments(db: NativeArtdaqDb): Promise<void> {
  const names = async (run: number, entities: RegExp) =>
    (await db.documentsOf(run, entities))?.map(({ name }) => name);
  expect(await db.documentsOf(7, ALL)).toEqual(await db.export(7));
  expect(await names(7, /^boot$/)).toEqual(['boot.fcl']);
  expect(await names(7, /^boot.*$/)).toEqual(['boot.fcl', 'bootstrap.fcl']);
  expect(await names(7, /^.*s.*t.*$/)).toEqual(['bootstrap.fcl', 'settings.fcl']);
  expect(await names(7, /^schema$/)).toEqual(['schema.fcl']);
  expect(await names(7, /^Boot$/)).toEqual([]);
  expect(await names(9, ALL)).toBeUndefined();
  // Of several configuration names the one assigned last.
  expect(await db.documentsOf(8, /^settings$/)).toEqual([
    { name: 'settings.fcl', text: '# run 88\nlist: [1, 2, 88] \n' },
  ]);
}

describe('single documents of a FilesystemDB', () => {
  it('are found by entity, and no other document is read', async () => {
    const directory = join(await temporaryDirectory(), 'db');
    const read: string[] = [];
    const files: typeof realFiles = {
      ...realFiles,
      readFile: (path, memory) => {
        read.push(path);
        return realFiles.readFile(path, memory);
      },
    };
    const db = await openWith(() => new FilesystemDb(directory, { files }));
    await expectDocuments(db);
    read.length = 0;
    await db.documentsOf(7, /^boot$/);
    expect(read).toEqual([
      join(directory, 'RunHistory', `${documentOf(directory, '7/standard', 'boot').id}.json`),
    ]);
    await db.close();
  });

  it('are found in databases of the C++ tools as an export finds them', async () => {
    for (const directory of goldenDatabases()) {
      const db = new FilesystemDb(directory);
      for (const run of await db.listRuns()) {
        const exported = await db.export(run);
        expect(await db.documentsOf(run, ALL)).toEqual(exported);
        const some = exported.filter(({ name }) => /^(?:boot|component.*)\.fcl$/.test(name));
        expect(await db.documentsOf(run, /^(?:boot|component.*)$/)).toEqual(some);
      }
    }
  });

  it('are found after another process has written', async () => {
    const directory = join(await temporaryDirectory(), 'db');
    const db = new FilesystemDb(directory);
    expect(await db.documentsOf(7, /^boot$/)).toBeUndefined();
    await (await openWith(() => new FilesystemDb(directory))).close();
    expect(await db.documentsOf(7, /^boot$/)).toHaveLength(1);
    const other = new FilesystemDb(directory);
    await other.insert(9, 'standard', documentsOfRun(9));
    await other.close();
    expect(await db.documentsOf(9, /^boot$/)).toHaveLength(1);
  });

  it('fail by their file if it is gone, and change nothing', async () => {
    const directory = join(await temporaryDirectory(), 'db');
    await (await openWith(() => new FilesystemDb(directory))).close();
    removeDocument(directory, 'RunHistory', documentOf(directory, '7/standard', 'boot').id);
    await rm(join(directory, 'SystemMetadata'), { recursive: true });
    const db = new FilesystemDb(directory);
    await expect(db.documentsOf(7, /^boot$/)).rejects.toThrow(
      /json is missing although .*index\.json lists it/,
    );
    expect(await db.documentsOf(7, /^settings$/)).toHaveLength(1);
    await expect(realFiles.stat(join(directory, 'SystemMetadata'))).rejects.toThrow('ENOENT');
  });
});

describeWithMongodb('single documents of a MongoDB', (server) => {
  it('are found by entity', async () => {
    const db = await openWith(() => new MongoDb(uniqueDatabaseUri(server)));
    await expectDocuments(db);
    await db.close();
  });
});
