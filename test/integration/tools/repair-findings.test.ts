import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { FilesystemDb } from '../../../src/artdaqdb/filesystem/filesystem-db.ts';
import { byName, documentsOfRun } from '../../helpers/artdaqdb-conformance.ts';
import {
  copyDocument,
  documentOf,
  documentsIn,
  editIndex,
  forget,
  listAs,
  mapOf,
  readIndex,
  removeDocument,
  repair,
} from '../../helpers/database-damage.ts';
import { goldenDatabases } from '../../helpers/golden-records.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();
const OTHER_ID = 'ffffffffffffffffffffffff';
const RUNS = [101, 102, 103];

const clients: FilesystemDb[] = [];

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

function open(directory: string): FilesystemDb {
  const client = new FilesystemDb(directory, { sleep: async () => undefined });
  clients.push(client);
  return client;
}

/** A database of three runs. */
async function database(): Promise<string> {
  const directory = join(await temporaryDirectory(), 'db');
  const db = open(directory);
  for (const run of RUNS) await db.insert(run, 'standard', documentsOfRun(run));
  return directory;
}

function setIndex(directory: string, collection: string, text: string): void {
  writeFileSync(join(directory, collection, 'index.json'), text);
}

/** A document as a C++ tool would have named it, in place of ours. */
function takeForForeign(directory: string, collection: string, id: string): void {
  copyDocument(directory, collection, id, OTHER_ID);
  forget(directory, collection, id);
  removeDocument(directory, collection, id);
}

/** Names, bytes and times of all that is in a directory. */
function treeOf(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const path = join(directory, name);
      const { mtimeNs, ctimeNs, size, mode } = statSync(path, { bigint: true });
      const content = statSync(path).isFile() ? readFileSync(path, 'base64') : '';
      return [name, mtimeNs, ctimeNs, size, mode, content].join(' ');
    });
}

async function kinds(directory: string, options: Parameters<typeof repair>[1] = {}): Promise<string[]> {
  const { findings } = await repair(directory, options);
  return findings.map(({ kind, entity, configuration }) =>
    [kind, configuration, entity].filter(Boolean).join(' '),
  );
}

async function expectWhole(directory: string, runs: readonly number[] = RUNS): Promise<void> {
  const db = open(directory);
  expect(await db.listRuns()).toEqual(runs);
  for (const run of runs) expect(byName(await db.export(run))).toEqual(byName(documentsOfRun(run)));
}

async function expectNothingLeft(directory: string): Promise<void> {
  expect(await kinds(directory, { deep: true })).toEqual([]);
  expect((await repair(directory, { apply: true })).done).toEqual([]);
}

describe('a check of a FilesystemDB', () => {
  it('the check finds nothing in sound databases of the C++ tools and of ours', async () => {
    for (const each of [...goldenDatabases(), await database()]) {
      for (const deep of [false, true]) {
        const { findings, notes } = await repair(each, { deep });
        expect([findings, notes]).toEqual([[], []]);
      }
    }
  });

  it('the check changes no byte and no time', async () => {
    const directory = await database();
    forget(directory, 'RunHistory', documentOf(directory, '101/standard', 'boot').id);
    removeDocument(directory, 'RunHistory', documentOf(directory, '102/standard', 'boot').id);
    setIndex(directory, 'SystemLayout', '{"ouid');
    writeFileSync(join(directory, 'RunHistory', '.index.json.1-0123456789ab.archiver-tmp'), 'x');
    const before = treeOf(join(directory, '..'));
    expect((await kinds(directory, { setAside: true })).length).toBeGreaterThan(3);
    expect(treeOf(join(directory, '..'))).toEqual(before);
  });

  it('a directory that is no FilesystemDB is refused, and so is a backup inside a database', async () => {
    const directory = await temporaryDirectory();
    await expect(repair(directory)).rejects.toThrow('is no FilesystemDB');
    await expect(repair(directory, { apply: true })).rejects.toThrow('is no FilesystemDB');
    expect(readdirSync(directory)).toEqual([]);
    await expect(repair(join(directory, 'none'))).rejects.toThrow('ENOENT');
    const real = await database();
    for (const backupParent of [real, join(real, 'a/b')]) {
      await expect(repair(real, { apply: true, backupParent })).rejects.toThrow('into the database');
    }
  });
});

describe('a repair of a FilesystemDB', () => {
  it('the repair lists documents that the index lacks', async () => {
    const directory = await database();
    forget(directory, 'RunHistory', documentOf(directory, '101/standard', 'boot').id);
    forget(directory, 'RunHistory', documentOf(directory, '103/standard', 'settings').id);
    const expected = ['unlisted document 101/standard boot', 'unlisted document 103/standard settings'];
    expect(await kinds(directory)).toEqual(expect.arrayContaining(expected));
    const { done, backup } = await repair(directory, { apply: true });
    expect(done).toHaveLength(1);
    expect(readdirSync(join(backup ?? '', 'RunHistory'))).toEqual(['index.json']);
    await expectWhole(directory);
    await expectNothingLeft(directory);
  });

  it('the repair completes and corrects entries as the documents say', async () => {
    const directory = await database();
    const [boot, settings] = ['boot', 'settings'].map((entity) =>
      documentOf(directory, '102/standard', entity),
    );
    editIndex(directory, 'RunHistory', (index) => {
      mapOf(index, 'configurations.name')['102/standard'] = [settings?.id ?? ''];
      mapOf(index, 'version')['102/standard'] = [boot?.id ?? ''];
      mapOf(index, 'version')['999/other'] = [settings?.id ?? ''];
      delete mapOf(index, 'configurations.assigned')['103/standard'];
    });
    expect((await kinds(directory)).sort()).toEqual([
      'untidy index',
      'wrong entry 102/standard boot',
      'wrong entry 102/standard settings',
    ]);
    await repair(directory, { apply: true });
    expect(mapOf(readIndex(directory, 'RunHistory'), 'version')['999/other']).toBeUndefined();
    await expectWhole(directory);
    await expectNothingLeft(directory);
  });

  it('the repair puts lists in order', async () => {
    const directory = await database();
    editIndex(directory, 'RunHistory', (index) => {
      index.ouid.reverse();
      mapOf(index, 'runs.name')['101']?.push(mapOf(index, 'runs.name')['101']?.[0] ?? '');
      mapOf(index, 'entities.name').gone = [];
      mapOf(index, 'configurations.assigned')['55/gone'] = ['2026-11-24T10:30:40.700+0000'];
    });
    expect(await kinds(directory)).toEqual(['untidy index']);
    await repair(directory, { apply: true });
    const { ouid, ...maps } = readIndex(directory, 'RunHistory');
    expect(ouid).toEqual([...ouid].sort());
    expect(Object.keys(maps['entities.name'] ?? {})).toEqual(['boot', 'settings']);
    await expectNothingLeft(directory);
  });

  it('the repair makes a torn, empty or missing index again', async () => {
    for (const damage of ['torn', 'empty', 'missing', 'repeated']) {
      const directory = await database();
      for (const collection of ['RunHistory', 'SystemLayout']) {
        const path = join(directory, collection, 'index.json');
        const text = readFileSync(path, 'utf8');
        if (damage === 'torn') truncateSync(path, text.length >> 1);
        else if (damage === 'empty') truncateSync(path, 0);
        else if (damage === 'repeated')
          writeFileSync(path, text.replace('"102/standard" :', '"101/standard" :'));
        else removeDocument(directory, collection, 'index');
      }
      expect(await kinds(directory)).toEqual(['broken index', 'broken index']);
      const { backup } = await repair(directory, { apply: true });
      expect(backup === undefined).toBe(damage === 'missing');
      await expectWhole(directory);
      await expectNothingLeft(directory);
    }
  });

  it('a run that lost a document no longer counts as stored, so that an import completes it', async () => {
    const directory = await database();
    const lost = documentOf(directory, '102/standard', 'boot');
    const schema = documentOf(directory, '102/standard', 'schema');
    removeDocument(directory, 'RunHistory', lost.id);
    const expected = ['lost document 102/standard boot', 'damaged run 102/standard'];
    expect(await kinds(directory)).toEqual(expected);
    const { backup, findings } = await repair(directory, { apply: true });
    expect(findings.map(({ run }) => run)).toEqual([102, 102]);
    expect(existsSync(join(backup ?? '', 'SystemLayout', `${schema.id}.json`))).toBe(true);
    const db = open(directory);
    expect(await db.listRuns()).toEqual([101, 103]);
    expect(await kinds(directory)).toEqual(['half-stored run 102/standard']);
    await db.insert(102, 'standard', documentsOfRun(102));
    await expectWhole(directory);
    await expectNothingLeft(directory);
  });

  it('the repair removes entries of lost copies without a loss to the run', async () => {
    const directory = await database();
    listAs(directory, 'RunHistory', documentOf(directory, '101/standard', 'boot').id, OTHER_ID);
    expect(await kinds(directory)).toEqual(['lost document 101/standard boot']);
    await repair(directory, { apply: true });
    await expectWhole(directory);
    await expectNothingLeft(directory);
  });

  it('unreadable documents stay unless they are to be set aside', async () => {
    const directory = await database();
    const torn = documentOf(directory, '102/standard', 'boot');
    const path = join(directory, 'RunHistory', `${torn.id}.json`);
    truncateSync(path, 100);
    writeFileSync(join(directory, 'RunHistory', `${OTHER_ID}.json`), '');
    expect(await kinds(directory)).toEqual(['unreadable document']);
    expect(await kinds(directory, { runs: new Set([102]) })).toEqual([
      'unreadable document',
      'unreadable document 102/standard boot',
    ]);
    await repair(directory, { apply: true, deep: true });
    expect(existsSync(path)).toBe(true);
    const { backup } = await repair(directory, { apply: true, deep: true, setAside: true });
    expect(readdirSync(join(backup ?? '', 'RunHistory')).sort()).toEqual(
      [`${torn.id}.json`, `${OTHER_ID}.json`, 'index.json'].sort(),
    );
    const db = open(directory);
    await db.insert(102, 'standard', documentsOfRun(102));
    await expectWhole(directory);
    await expectNothingLeft(directory);
  });

  it('the repair keeps one of equal documents', async () => {
    for (const isListed of [true, false]) {
      const directory = await database();
      const { id } = documentOf(directory, '101/standard', 'boot');
      copyDocument(directory, 'RunHistory', id, OTHER_ID);
      if (isListed) listAs(directory, 'RunHistory', id, OTHER_ID);
      expect(await kinds(directory)).toEqual(['duplicate document 101/standard boot']);
      const { backup } = await repair(directory, { apply: true });
      expect(existsSync(join(backup ?? '', 'RunHistory', `${OTHER_ID}.json`))).toBe(true);
      expect(existsSync(join(directory, 'RunHistory', `${id}.json`))).toBe(true);
      await expectWhole(directory);
      await expectNothingLeft(directory);
    }
  });

  it('the repair touches none of several documents with different content', async () => {
    for (const isListed of [true, false]) {
      const directory = await database();
      const { id } = documentOf(directory, '101/standard', 'boot');
      copyDocument(directory, 'RunHistory', id, OTHER_ID, (text) => text.replaceAll('daq101', 'daq999'));
      if (isListed) listAs(directory, 'RunHistory', id, OTHER_ID);
      const before = treeOf(join(directory, 'RunHistory'));
      const { findings } = await repair(directory, { apply: true });
      expect(findings).toMatchObject([{ kind: 'duplicate document', run: 101, entity: 'boot' }]);
      expect(findings[0]?.remedy).toBeUndefined();
      expect(treeOf(join(directory, 'RunHistory'))).toEqual(before);
    }
  });

  it('misfiled, foreign and leftover files are reported', async () => {
    const directory = await database();
    const { id } = documentOf(directory, '101/standard', 'boot');
    const history = join(directory, 'RunHistory');
    writeFileSync(join(history, `${OTHER_ID}.json`), readFileSync(join(history, `${id}.json`)));
    const schema = documentOf(directory, '101/standard', 'schema').id;
    const moved = readFileSync(join(directory, 'SystemLayout', `${schema}.json`));
    writeFileSync(join(history, `${schema}.json`), moved);
    writeFileSync(join(history, 'notes.txt'), 'x');
    writeFileSync(join(history, '.index.json.1-0123456789ab.archiver-tmp'), 'x');
    writeFileSync(join(directory, 'SystemMetadata', 'notes.txt'), 'x');
    mkdirSync(join(history, 'directory'));
    const found = (await kinds(directory)).sort();
    expect(found).toEqual([
      'foreign file',
      'foreign file',
      'foreign file',
      'leftover file',
      'misfiled document 101/standard boot',
      'misfiled document 101/standard schema',
    ]);
    const before = documentsIn(directory, 'RunHistory');
    const { done } = await repair(directory, { apply: true });
    expect(done).toHaveLength(1);
    expect(documentsIn(directory, 'RunHistory')).toEqual(before);
    await repair(directory, { apply: true, setAside: true });
    expect(readdirSync(history)).toContain('directory');
    expect(readdirSync(history)).not.toContain('notes.txt');
    expect(readdirSync(join(directory, 'SystemMetadata'))).not.toContain('notes.txt');
    await expectWhole(directory);
  });

  it('the repair makes a lost document about the database again', async () => {
    const directory = await database();
    const [name = ''] = readdirSync(join(directory, 'SystemMetadata')).filter((each) => each.length === 29);
    removeDocument(directory, 'SystemMetadata', name.slice(0, 24));
    expect(await kinds(directory)).toEqual(['missing metadata']);
    await repair(directory, { apply: true });
    await expectNothingLeft(directory);
  });
});

describe('a schema that the index lacks', () => {
  it('a schema of ours is listed, since we write it last', async () => {
    const directory = await database();
    forget(directory, 'SystemLayout', documentOf(directory, '102/standard', 'schema').id);
    expect(await open(directory).listRuns()).toEqual([101, 103]);
    expect(await kinds(directory)).toEqual(['unlisted document 102/standard schema']);
    await repair(directory, { apply: true });
    await expectWhole(directory);
    await expectNothingLeft(directory);
  });

  it('a schema of another program is listed if the run holds what its neighbours hold', async () => {
    const directory = await database();
    const { id } = documentOf(directory, '102/standard', 'schema');
    takeForForeign(directory, 'SystemLayout', id);
    await repair(directory, { apply: true });
    await expectWhole(directory);
    await expectNothingLeft(directory);
  });

  it('a schema of another program stays unlisted while the run may be half stored', async () => {
    const directory = await database();
    takeForForeign(directory, 'SystemLayout', documentOf(directory, '102/standard', 'schema').id);
    const { id } = documentOf(directory, '102/standard', 'boot');
    forget(directory, 'RunHistory', id);
    removeDocument(directory, 'RunHistory', id);
    const { findings, done } = await repair(directory, { apply: true });
    expect(findings).toMatchObject([{ kind: 'unlisted document', run: 102, entity: 'schema' }]);
    expect(findings[0]?.problem).toContain(
      "'102/standard' has no 'boot', unlike '101/standard', '103/standard'",
    );
    expect(done).toEqual([]);
    const db = open(directory);
    expect(await db.listRuns()).toEqual([101, 103]);
    await db.insert(102, 'standard', documentsOfRun(102));
    await repair(directory, { apply: true, deep: true });
    await expectWhole(directory);
    await expectNothingLeft(directory);
  });

  it('a schema is listed on the word of an operator', async () => {
    const directory = await database();
    takeForForeign(directory, 'SystemLayout', documentOf(directory, '102/standard', 'schema').id);
    for (const run of [101, 103])
      forget(directory, 'SystemLayout', documentOf(directory, `${run}/standard`, 'schema').id);
    for (const run of [101, 103])
      removeDocument(directory, 'SystemLayout', documentOf(directory, `${run}/standard`, 'schema').id);
    expect(await kinds(directory, { apply: true })).toContain('unlisted document 102/standard schema');
    expect(await open(directory).listRuns()).toEqual([]);
    await repair(directory, { apply: true, whole: new Set([102]) });
    await expectWhole(directory, [102]);
  });
});

describe('half-stored runs', () => {
  it('half-stored runs are reported with what they hold', async () => {
    const directory = await database();
    const schema = documentOf(directory, '101/standard', 'schema').id;
    forget(directory, 'SystemLayout', schema);
    removeDocument(directory, 'SystemLayout', schema);
    for (const entity of ['boot', 'settings']) {
      const { id } = documentOf(directory, '102/standard', entity);
      forget(directory, 'RunHistory', id);
      removeDocument(directory, 'RunHistory', id);
    }
    const { findings } = await repair(directory, { apply: true });
    expect(findings).toMatchObject([
      {
        kind: 'half-stored run',
        run: 101,
        problem: "it has no schema, but 'boot', 'settings'",
        advice: expect.stringContaining('(run-archiver config.yaml --import-only --runs 101)'),
      },
      {
        kind: 'half-stored run',
        run: 102,
        problem: expect.stringContaining('no document besides its schema'),
      },
    ]);
    await repair(directory, { apply: true, reimport: new Set([102]) });
    const db = open(directory);
    for (const run of [101, 102]) await db.insert(run, 'standard', documentsOfRun(run));
    await expectWhole(directory);
    await expectNothingLeft(directory);
  });

  it('a stored run is noted if both neighbours hold more', async () => {
    const directory = await database();
    const { id } = documentOf(directory, '102/standard', 'boot');
    forget(directory, 'RunHistory', id);
    removeDocument(directory, 'RunHistory', id);
    const { findings, notes } = await repair(directory);
    expect(findings.map(({ kind }) => kind)).toEqual([]);
    expect(notes).toEqual([expect.stringContaining("'102/standard' has no 'boot'")]);
  });
});
