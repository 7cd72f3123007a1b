import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Db, MongoClient, ObjectId } from 'mongodb';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FilesystemDb } from '../../../src/artdaqdb/filesystem/filesystem-db.ts';
import { bsonOf } from '../../../src/artdaqdb/mongo/bson.ts';
import { MongoDb } from '../../../src/artdaqdb/mongo/mongo-db.ts';
import { ArtdaqDbError, ArtdaqDbPresenceError } from '../../../src/errors.ts';
import { toStoredJson } from '../../../src/fhicl/document.ts';
import { entityOf, type FhiclFile } from '../../../src/fhicl/fhicl-file.ts';
import { readJsonObject } from '../../../src/fhicl/json.ts';
import { byName, documentsOfRun } from '../../helpers/artdaqdb-conformance.ts';
import { goldenRuns } from '../../helpers/golden-records.ts';
import { describeWithMongodb, uniqueDatabaseUri } from '../../helpers/mongodb-server.ts';
import { recordingLogger } from '../../helpers/recording-logger.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();

function filesIn(directory: string): FhiclFile[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory).map((name) => ({ name, text: readFileSync(join(directory, name), 'utf8') }));
}

describeWithMongodb('MongoDb', (server) => {
  let uri: string;
  let client: MongoClient;
  let database: Db;
  let db: MongoDb;
  let logger: ReturnType<typeof recordingLogger>;
  let time: number;
  const now = () => new Date(time++);

  beforeEach(() => {
    time = Date.UTC(2026, 10, 24, 10, 30);
    uri = uniqueDatabaseUri(server);
    client = new MongoClient(uri);
    database = client.db();
    logger = recordingLogger();
    db = new MongoDb(uri, { now, logger, sleep: async () => undefined });
  });

  afterEach(async () => {
    await db.close();
    await database.dropDatabase();
    await client.close();
  });

  const warnings = () => logger.lines.filter((line) => line.startsWith('WARNING'));

  /** As the C++ tools store it: under a random id. */
  async function storeForeign(
    run: number,
    { name, text }: FhiclFile,
    at = new Date(0),
    id = new ObjectId(),
  ): Promise<ObjectId> {
    const entity = entityOf({ name });
    const collection = entity === 'schema' ? 'SystemLayout' : 'RunHistory';
    const identity = { entity, run, config: 'standard', collection, id: id.toHexString(), now: at } as const;
    const document = bsonOf(readJsonObject(toStoredJson(text, identity)));
    await database.collection(collection).insertOne(document, { forceServerObjectId: true });
    return id;
  }

  async function idsOf(collection: string): Promise<string[]> {
    const documents = await database.collection(collection).find().toArray();
    return documents.map(({ _id }) => String(_id)).sort();
  }

  it('exports every golden run as FilesystemDb does', async () => {
    const other = new FilesystemDb(join(await temporaryDirectory(), 'db'), { now });
    for (const { run, config, directory } of goldenRuns().filter((each) => each.loaded)) {
      const files = filesIn(join(directory, 'prepared'));
      const update = filesIn(join(directory, 'update'));
      for (const each of [db, other]) {
        await each.insert(run, config, files);
        await each.update(run, config, update);
      }
      expect(await db.export(run)).toEqual(await other.export(run));
      const documents = await db.composition(run, config);
      expect(documents).toHaveLength(new Set([...files, ...update].map(({ name }) => name)).size);
    }
    expect(await db.listRuns()).toEqual(await other.listRuns());
    await other.close();
  });

  it('stores the very documents that FilesystemDb stores', async () => {
    await db.insert(5, 'standard', documentsOfRun(5));
    const [boot] = await database.collection('RunHistory').find({ 'entities.name': 'boot' }).toArray();
    expect(boot?._id).toBeInstanceOf(ObjectId);
    expect(boot).toMatchObject({
      document: { data: { prolog: {}, main: { host: 'daq5', level: '3' } }, search: [] },
      comments: [{ linenum: 0, value: 'No comments' }],
      version: '5/standard',
      configurations: [{ name: '5/standard' }],
      runs: [{ name: '5' }],
      bookkeeping: { isdeleted: false, isreadonly: false },
    });
  });

  it('makes indexes that are not unique and the document about the database, each once', async () => {
    const origin = {
      user: 'artdaq',
      uname: { sysname: 'L', nodename: 'n', release: 'r', version: 'v', machine: 'm' },
    };
    const others = [1, 2, 3].map(() => new MongoDb(uri, { now, origin }));
    await db.prepare();
    expect(await database.listCollections().toArray()).toEqual([]);
    await others[0]?.insert(5, 'standard', documentsOfRun(5));
    await Promise.all(others.map((other, place) => other.insert(6 + place, 'standard', documentsOfRun(5))));
    await db.prepare();
    for (const name of ['RunHistory', 'SystemLayout']) {
      const indexes = await database.collection(name).indexes();
      const own = indexes.filter(({ key }) => Object.keys(key).join() === 'configurations.name');
      expect(own).toHaveLength(1);
      expect(own[0]?.unique ?? false).toBe(false);
    }
    const [metadata, ...more] = await database.collection('SystemMetadata').find().toArray();
    expect(more).toEqual([]);
    expect(metadata?.document).toMatchObject({
      name: 'artdaq',
      uri: db.location,
      create_user: 'artdaq',
      uname: { nodename: 'n' },
      database_format: 3,
    });
    await Promise.all(others.map((other) => other.close()));
  });

  it('makes missing indexes of a database that others made', async () => {
    for (const file of documentsOfRun(5)) await storeForeign(5, file);
    await db.prepare();
    const indexes = await database.collection('SystemLayout').indexes();
    expect(indexes.map(({ key }) => Object.keys(key).join())).toContain('configurations.name');
  });

  it('reads runs of the C++ tools, and of documents stored twice the newest', async () => {
    for (const file of documentsOfRun(5)) await storeForeign(5, file);
    await storeForeign(5, { name: 'schema.fcl', text: '\nversion: 1 \n' });
    await storeForeign(5, { name: 'boot.fcl', text: '\nhost: "new" \n' }, new Date(9));
    await storeForeign(5, { name: 'boot.fcl', text: '\nhost: "old" \n' }, new Date(-9));
    expect(await db.listRuns()).toEqual([5]);
    const files = await db.export(5);
    expect(files.find(({ name }) => name === 'boot.fcl')?.text).toBe('\nhost: "new" \n');
    expect(files).toHaveLength(3);
    expect(await db.composition(5, 'standard')).toHaveLength(6);
    expect(await db.configurationOf(5)).toBe('standard');
    expect(warnings()).toHaveLength(2);
    await expect(db.insert(5, 'standard', documentsOfRun(5))).rejects.toThrow(ArtdaqDbPresenceError);
    await db.update(5, 'standard', [{ name: 'more.fcl', text: '\na: 1 \n' }]);
    expect((await db.export(5)).map(({ name }) => name)).toContain('more.fcl');
  });

  it('takes names literally', async () => {
    await db.insert(5, 'a.*b', documentsOfRun(5));
    await db.insert(5, 'axxb', documentsOfRun(6));
    await db.insert(51, '^$(', documentsOfRun(51));
    expect(await db.has(5, 'a.*b')).toBe(true);
    expect(await db.has(5, 'a.*')).toBe(false);
    expect(await db.has(5, 'a*')).toBe(false);
    expect(byName(await db.export(51))).toEqual(byName(documentsOfRun(51)));
    expect(await db.configurationOf(5)).toBe('axxb');
  });

  it('does not take documents without schema, nor foreign ones, for a run', async () => {
    await storeForeign(5, { name: 'boot.fcl', text: '\na: 1 \n' });
    await database
      .collection('SystemLayout')
      .insertMany([
        { configurations: [{ name: 'no run', assigned: 'x' }] },
        { configurations: 'x' },
        { configurations: [7, null, { name: 8 }] },
        {},
      ]);
    expect(await db.listRuns()).toEqual([]);
    expect(await db.has(5, 'standard')).toBe(false);
    await expect(db.export(5)).rejects.toThrow('not stored');
    expect(await db.composition(5, 'standard')).toHaveLength(1);
  });

  it('names a document that is unreadable', async () => {
    await db.insert(5, 'standard', documentsOfRun(5));
    await database
      .collection('RunHistory')
      .updateOne({ 'entities.name': 'boot' }, { $unset: { document: 1 } });
    const [boot] = await database.collection('RunHistory').find({ 'entities.name': 'boot' }).toArray();
    await expect(db.export(5)).rejects.toThrow(ArtdaqDbError);
    await expect(db.export(5)).rejects.toThrow(`RunHistory/${boot?._id}`);
  });

  it('completes a run that another program stored in part, and keeps its documents', async () => {
    const [boot, settings] = documentsOfRun(5);
    if (boot === undefined || settings === undefined) throw new Error('no documents');
    const foreign = [await storeForeign(5, boot), await storeForeign(5, boot)].map(String);
    await db.insert(5, 'standard', documentsOfRun(5));
    expect(await idsOf('RunHistory')).toEqual(expect.arrayContaining(foreign));
    expect(await idsOf('RunHistory')).toHaveLength(3);
    expect(byName(await db.export(5))).toEqual(byName(documentsOfRun(5)));
    await storeForeign(6, { ...boot, text: '\nother: 1 \n' });
    await expect(db.insert(6, 'standard', documentsOfRun(6))).rejects.toThrow(/half stored.*'boot'/);
    expect(await db.has(6, 'standard')).toBe(false);
    expect(await idsOf('RunHistory')).toHaveLength(4);
  });

  it('does not complete a run after so long that others may think it given up', async () => {
    const minuteLater = (): Date => {
      time += 60_000;
      return new Date(time);
    };
    const slow = new MongoDb(uri, { now: minuteLater, sleep: async () => undefined });
    const inserting = slow.insert(5, 'standard', documentsOfRun(5));
    await expect(inserting).rejects.toMatchObject({
      retryable: true,
      message: expect.stringContaining('took so long'),
    });
    await slow.close();
    expect(await db.has(5, 'standard')).toBe(false);
    await db.insert(5, 'standard', documentsOfRun(5));
    expect(byName(await db.export(5))).toEqual(byName(documentsOfRun(5)));
  });

  it('adopts its own leftovers, and replaces those of another content once they are old', async () => {
    await db.insert(5, 'standard', documentsOfRun(5, [{ name: 'gone.fcl', text: '\na: 1 \n' }]));
    const before = await idsOf('RunHistory');
    await database.collection('SystemLayout').deleteMany({});
    const [, ...others] = documentsOfRun(5);
    const changed = [{ name: 'boot.fcl', text: '\nhost: "changed" \n' }, ...others];
    await expect(db.insert(5, 'standard', changed)).rejects.toMatchObject({ retryable: true });
    expect(await idsOf('RunHistory')).toEqual(before);
    expect(await db.has(5, 'standard')).toBe(false);
    time += 3_600_000;
    await db.insert(5, 'standard', changed);
    expect(byName(await db.export(5))).toEqual(byName(changed));
    expect(await idsOf('RunHistory')).toHaveLength(2);
    expect(before).toEqual(expect.arrayContaining(await idsOf('RunHistory')));
  });

  it('uses another id if something else has its own', async () => {
    await db.insert(5, 'standard', documentsOfRun(5));
    const [id] = await idsOf('SystemLayout');
    await database.collection('SystemLayout').deleteMany({});
    await storeForeign(7, { name: 'schema.fcl', text: '\nversion: 7 \n' }, new Date(0), new ObjectId(id));
    await db.insert(5, 'standard', documentsOfRun(5));
    expect(await db.listRuns()).toEqual([5, 7]);
    expect(byName(await db.export(5))).toEqual(byName(documentsOfRun(5)));
  });

  it('stores one version of a run of which several archivers have different ones', async () => {
    const clients = [1, 2, 3, 4].map(() => new MongoDb(uri, { now }));
    const versions = clients.map((_, place) =>
      documentsOfRun(5).map((file) =>
        file.name === 'settings.fcl' ? { ...file, text: `\nv: ${place} \n` } : file,
      ),
    );
    const results = await Promise.allSettled(
      clients.map((each, place) => each.insert(5, 'standard', versions[place] ?? [])),
    );
    const stored = results.flatMap(({ status }, place) => (status === 'fulfilled' ? [place] : []));
    expect(stored).toHaveLength(1);
    expect(byName(await db.export(5))).toEqual(byName(versions[stored[0] ?? -1] ?? []));
    expect(await db.composition(5, 'standard')).toHaveLength(3);
    await Promise.all(clients.map((each) => each.close()));
  });

  it.each([
    ['dots', '\na.b.c: 1 \n', "'a.b.c'", true],
    ['a repeat', '\na: 1 \n\na: 2 \n', "'a'", server.holdsRepeatedKeys],
  ])(
    'stores names with %s, or names the file and the key that it cannot store',
    async (_what, text, name, isHeld) => {
      for (const odd of ['odd.fcl', 'schema.fcl']) {
        const run = odd.length;
        const files = [...documentsOfRun(run).filter((file) => file.name !== odd), { name: odd, text }];
        if (isHeld) {
          await db.insert(run, 'standard', files);
          expect(byName(await db.export(run))).toEqual(byName(files));
        } else {
          const refusal = db.insert(run, 'standard', files);
          await expect(refusal).rejects.toMatchObject({ retryable: false });
          await expect(refusal).rejects.toThrow(new RegExp(`${odd}.*${name}`));
          expect(await db.has(run, 'standard')).toBe(false);
          expect(await db.composition(run, 'standard')).toEqual([]);
        }
      }
    },
  );

  it('refuses a document over 16 MB by name before it is sent', async () => {
    const large = { name: 'large.fcl', text: `\na: "${'x'.repeat(17 * 1024 * 1024)}" \n` };
    const refusal = db.insert(5, 'standard', documentsOfRun(5, [large]));
    await expect(refusal).rejects.toMatchObject({ retryable: false });
    await expect(refusal).rejects.toThrow(/large\.fcl.* 178\d{5} bytes/);
    expect(await idsOf('RunHistory')).toEqual([]);
  });
});
