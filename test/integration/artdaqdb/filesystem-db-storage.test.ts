import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { realFiles } from '../../../src/artdaqdb/filesystem/database-files.ts';
import { FilesystemDb } from '../../../src/artdaqdb/filesystem/filesystem-db.ts';
import { ownObjectId, randomObjectId } from '../../../src/artdaqdb/stored-document.ts';
import { ArtdaqDbError } from '../../../src/errors.ts';
import { toStoredJson } from '../../../src/fhicl/document.ts';
import { byName, documentsOfRun } from '../../helpers/artdaqdb-conformance.ts';
import { warningLogger } from '../../helpers/recording-logger.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();
const START = Date.UTC(2026, 10, 24);

let database: string;
let db: FilesystemDb;
let warnings: string[];
let whileWaiting: () => Promise<void>;

beforeEach(async () => {
  database = join(await temporaryDirectory(), 'db');
  warnings = [];
  whileWaiting = async () => undefined;
  const logger = warningLogger(warnings);
  db = new FilesystemDb(database, { logger, sleep: () => whileWaiting() });
});

async function indexOf(collection: string) {
  return JSON.parse(await readFile(join(database, collection, 'index.json'), 'utf8'));
}

/** Replaces one index by what a function makes of it. */
async function editIndex(collection: string, edit: (index: Awaited<ReturnType<typeof indexOf>>) => void) {
  const index = await indexOf(collection);
  edit(index);
  await writeFile(join(database, collection, 'index.json'), JSON.stringify(index));
}

/** As if the process had ended before SystemLayout's index, or another program had stored no schema. */
async function takeCommitMarkAway(run: number): Promise<void> {
  await editIndex('SystemLayout', (index) => {
    delete index['configurations.name'][`${run}/standard`];
  });
}

/** Stores a document as the C++ tools would, under a random id. */
async function storeForeign(run: number, entity: string, text: string, now: number): Promise<string> {
  const id = randomObjectId();
  const identity = {
    entity,
    run,
    config: 'standard',
    collection: 'RunHistory',
    id,
    now: new Date(now),
  } as const;
  await writeFile(join(database, 'RunHistory', `${id}.json`), toStoredJson(text, identity));
  await editIndex('RunHistory', (index) => {
    index.ouid.push(id);
    const lists = [
      [index['configurations.name'], `${run}/standard`],
      [index['entities.name'], entity],
    ];
    for (const [map, key] of lists) map[key] = [...(map[key] ?? []), id];
  });
  return id;
}

describe('the files on disk', () => {
  it('the index keeps the order of its keys, also of runs', async () => {
    for (const run of [5004, 12, 7, 100]) await db.insert(run, 'standard', documentsOfRun(run));
    const text = await readFile(join(database, 'RunHistory', 'index.json'), 'utf8');
    const runs = text.slice(text.indexOf('"runs.name"'), text.indexOf('"configurations.assigned"'));
    expect([...runs.matchAll(/^"(\d+)" : /gm)].map(([, run]) => run)).toEqual(['5004', '12', '7', '100']);
  });

  it('the database holds only documents, indexes, the metadata and a directory that the C++ tools ignore', async () => {
    await db.insert(1, 'standard', documentsOfRun(1));
    await db.close();
    expect((await readdir(database)).sort()).toEqual(['RunHistory', 'SystemLayout', 'SystemMetadata']);
    for (const [collection, files] of [
      ['RunHistory', 3],
      ['SystemLayout', 2],
      ['SystemMetadata', 2],
    ] as const) {
      const entries = await readdir(join(database, collection), { withFileTypes: true });
      const names = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
      expect(entries).toHaveLength(files + (collection === 'SystemMetadata' ? 1 : 0));
      expect(names).toHaveLength(files);
      expect(names.filter((name) => !/^([0-9a-f]{24}|index)\.json$/.test(name))).toEqual([]);
    }
  });

  it('reading makes no file', async () => {
    expect(await db.listRuns()).toEqual([]);
    await expect(readdir(database)).rejects.toThrow('ENOENT');
  });
});

describe('the leftovers of an interrupted insert', () => {
  it('the next insert completes the run without storing anything twice', async () => {
    await db.insert(5, 'standard', documentsOfRun(5));
    await takeCommitMarkAway(5);
    expect(await db.listRuns()).toEqual([]);
    await db.insert(5, 'standard', documentsOfRun(5, [{ name: 'new.fcl', text: '\na: 1 \n' }]));
    expect((await indexOf('RunHistory')).ouid).toHaveLength(3);
    expect(await db.export(5)).toHaveLength(4);
  });

  it('the next insert replaces what has changed in the run record, and removes what it has lost', async () => {
    await db.insert(5, 'standard', documentsOfRun(5, [{ name: 'gone.fcl', text: '\na: 1 \n' }]));
    await takeCommitMarkAway(5);
    const changed = documentsOfRun(6);
    await db.insert(5, 'standard', changed);
    expect(byName(await db.export(5))).toEqual(byName(changed));
    const { ouid, 'entities.name': entities } = await indexOf('RunHistory');
    expect(ouid).toHaveLength(2);
    expect(entities.gone).toEqual([]);
    expect(await readdir(join(database, 'RunHistory'))).toHaveLength(3);
  });

  it('the next insert adopts equal documents of another program', async () => {
    await db.insert(1, 'standard', documentsOfRun(1));
    const boot = documentsOfRun(5)[0]?.text ?? '';
    const foreign = [
      await storeForeign(5, 'boot', boot, START),
      await storeForeign(5, 'boot', boot, START + 1),
    ];
    await db.insert(5, 'standard', documentsOfRun(5));
    const listed = (await indexOf('RunHistory'))['configurations.name']['5/standard'];
    expect(listed).toEqual([...foreign, ownObjectId('RunHistory', '5/standard', 'settings')].sort());
    expect(byName(await db.export(5))).toEqual(byName(documentsOfRun(5)));
  });

  it.each([
    ['boot', '\nother: 1 \n'],
    ['hashes', '\nboot: 1 \n'],
  ])('the next insert leaves a %s of another program alone that differs from ours', async (entity, text) => {
    await db.insert(1, 'standard', documentsOfRun(1));
    const id = await storeForeign(5, entity, text, START);
    const before = await readFile(join(database, 'RunHistory', `${id}.json`), 'utf8');
    await expect(db.insert(5, 'standard', documentsOfRun(5))).rejects.toThrow(
      new RegExp(`Run 5 .*'${entity}'`),
    );
    expect(await readFile(join(database, 'RunHistory', `${id}.json`), 'utf8')).toBe(before);
    expect(await db.listRuns()).toEqual([1]);
  });

  it('a run that fails does not stop the others of its batch', async () => {
    await db.insert(1, 'standard', documentsOfRun(1));
    await storeForeign(5, 'boot', '\nother: 1 \n', START);
    const results = await Promise.allSettled(
      [2, 5, 3].map((run) => db.insert(run, 'standard', documentsOfRun(run))),
    );
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await db.listRuns()).toEqual([1, 2, 3]);
  });

  it('the next insert does not take the id of another document', async () => {
    await db.insert(1, 'standard', documentsOfRun(1));
    const taken = join(database, 'RunHistory', `${ownObjectId('RunHistory', '5/standard', 'boot')}.json`);
    const [name] = (await indexOf('RunHistory')).ouid;
    await cp(join(database, 'RunHistory', `${name}.json`), taken);
    const before = await readFile(taken, 'utf8');
    await db.insert(5, 'standard', documentsOfRun(5));
    expect(await readFile(taken, 'utf8')).toBe(before);
    expect(byName(await db.export(5))).toEqual(byName(documentsOfRun(5)));
  });
});

describe('databases as other writers leave them', () => {
  it('an export gives the newest of two documents of one entity, with a warning', async () => {
    await db.insert(5, 'standard', documentsOfRun(5));
    await storeForeign(5, 'boot', '\nold: 1 \n', 0);
    expect(byName(await db.export(5))).toEqual(byName(documentsOfRun(5)));
    await storeForeign(5, 'boot', '\nnew: 1 \n', Date.now() + 60_000);
    expect((await db.export(5)).find(({ name }) => name === 'boot.fcl')?.text).toBe('\nnew: 1 \n');
    expect(warnings.join('\n')).toContain("Run 5 has 'boot' twice with different content");
  });

  it('an export finds documents by configuration name, whatever their version and the order of the lists', async () => {
    await db.insert(5, 'standard', documentsOfRun(5));
    const id = await storeForeign(5, 'hashes', '\nboot: 1 \n', START);
    const path = join(database, 'RunHistory', `${id}.json`);
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace('"version" : "5/standard"', '"version" : "5/standardv2"'));
    await editIndex('RunHistory', (index) => {
      index.ouid.reverse();
      index['configurations.name']['5/standard'].reverse();
    });
    expect((await db.export(5)).map(({ name }) => name)).toContain('hashes.fcl');
    await db.insert(6, 'standard', documentsOfRun(6));
    const { ouid } = await indexOf('RunHistory');
    expect(ouid).toEqual([...new Set<string>(ouid)].sort());
    expect(ouid).toHaveLength(5);
  });

  it('names that belong to no run are ignored', async () => {
    await db.insert(5, 'standard', documentsOfRun(5));
    await editIndex('SystemLayout', (index) => {
      Object.assign(index['configurations.name'], {
        test: index.ouid,
        '007/x': index.ouid,
        'a/b': index.ouid,
        '8/gone': [],
      });
    });
    expect(await db.listRuns()).toEqual([5]);
    expect(await db.has(8, 'gone')).toBe(false);
  });

  it('readers and writers wait for an index that is being written', async () => {
    await db.insert(5, 'standard', documentsOfRun(5));
    const path = join(database, 'SystemLayout', 'index.json');
    const text = await readFile(path);
    await writeFile(path, text.subarray(0, 100));
    whileWaiting = () => writeFile(path, text);
    expect(await db.listRuns()).toEqual([5]);
    await writeFile(path, '');
    await db.insert(6, 'standard', documentsOfRun(6));
    expect(await db.listRuns()).toEqual([5, 6]);
  });

  it.each([
    ['torn', (text: Buffer) => text.subarray(0, text.length - 1)],
    ['empty', () => Buffer.alloc(0)],
  ])('a %s index is never taken for an empty one', async (_name, damage) => {
    await db.insert(5, 'standard', documentsOfRun(5));
    for (const collection of ['SystemLayout', 'RunHistory']) {
      const path = join(database, collection, 'index.json');
      const text = await readFile(path);
      await writeFile(path, damage(text));
      const insertion = db.insert(6, 'standard', documentsOfRun(6));
      await expect(insertion).rejects.toThrow(`${path} is not a readable index`);
      await expect(insertion).rejects.toThrow('bin/repair-filesystemdb');
      expect((await readFile(path)).length).toBeLessThan(text.length);
      await writeFile(path, text);
    }
    expect(await db.listRuns()).toEqual([5]);
  });

  it('a lost index is never taken for an empty one', async () => {
    await db.insert(5, 'standard', documentsOfRun(5));
    await rename(join(database, 'SystemLayout', 'index.json'), join(database, 'index.json'));
    await expect(db.listRuns()).rejects.toThrow('missing although the collection has documents');
    await expect(db.insert(6, 'standard', documentsOfRun(6))).rejects.toThrow(ArtdaqDbError);
  });

  it.each([
    ['missing', (path: string) => rm(path), 'is missing although'],
    [
      'torn',
      async (path: string) => writeFile(path, (await readFile(path)).subarray(0, 200)),
      'no readable artdaqDB document',
    ],
  ])('the error names a %s document', async (_name, damage, message) => {
    await db.insert(5, 'standard', documentsOfRun(5));
    const path = join(database, 'RunHistory', `${ownObjectId('RunHistory', '5/standard', 'boot')}.json`);
    await damage(path);
    const exporting = db.export(5);
    await expect(exporting).rejects.toThrow(ArtdaqDbError);
    await expect(exporting).rejects.toThrow(`${path} `);
    await expect(exporting).rejects.toThrow(message);
  });

  it('an export keeps UTF-8 and drops other bytes beyond ASCII, with a warning', async () => {
    await db.insert(5, 'standard', documentsOfRun(5));
    const path = join(database, 'RunHistory', `${ownObjectId('RunHistory', '5/standard', 'boot')}.json`);
    const text = await readFile(path, 'latin1');
    await writeFile(path, text.replace('"daq5"', '"d\u00fcq5"'), 'utf8');
    expect((await db.export(5)).find(({ name }) => name === 'boot.fcl')?.text).toContain('"d\u00fcq5"');
    await writeFile(path, text.replace('"daq5"', '"d\u00fcq5"'), 'latin1');
    expect((await db.export(5)).find(({ name }) => name === 'boot.fcl')?.text).toContain('"dq5"');
    expect(warnings).toEqual([expect.stringContaining(path)]);
  });

  it('an entry that somebody writes between our reading an index and our writing it is kept', async () => {
    await db.insert(1, 'standard', documentsOfRun(1));
    let foreign: string | undefined;
    const temporary = join(database, 'RunHistory', '.index.json.');
    const open: typeof realFiles.open = async (path, flags, mode) => {
      if (String(path).startsWith(temporary)) foreign ??= await storeForeign(9, 'boot', '\na: 1 \n', START);
      return realFiles.open(path, flags, mode);
    };
    await new FilesystemDb(database, { files: { ...realFiles, open } }).insert(
      5,
      'standard',
      documentsOfRun(5),
    );
    expect((await indexOf('RunHistory'))['configurations.name']).toMatchObject({ '9/standard': [foreign] });
    expect((await indexOf('RunHistory')).ouid).toHaveLength(5);
    expect(byName(await db.export(5))).toEqual(byName(documentsOfRun(5)));
  });

  it('a database that is no directory is an error', async () => {
    await mkdir(join(database, '..'), { recursive: true });
    await writeFile(database, '');
    await expect(db.listRuns()).rejects.toThrow(ArtdaqDbError);
    await expect(db.insert(5, 'standard', documentsOfRun(5))).rejects.toThrow(ArtdaqDbError);
  });
});
