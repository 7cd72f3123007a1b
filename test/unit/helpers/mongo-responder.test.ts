import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { BSON, MongoClient, type MongoClientOptions } from 'mongodb';
import { afterEach, describe, expect, it } from 'vitest';
import { onCall, refusal } from '../../helpers/mongo-responder/script.ts';
import { readRequest, takeMessages } from '../../helpers/mongo-responder/wire.ts';
import { MongoResponder, type MongoResponderOptions } from '../../helpers/mongo-responder.ts';

const certificates = join(import.meta.dirname, '../../fixtures/tls/mongodb');
const pem = (name: string): string => readFileSync(join(certificates, name), 'utf8');

let responder: MongoResponder;
const clients: MongoClient[] = [];

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await responder.close();
});

/** The official driver's own client on a new responder. */
async function connected(
  options: MongoResponderOptions = {},
  { credentials = '', ...driver }: MongoClientOptions & { credentials?: string } = {},
): Promise<MongoClient> {
  responder = await MongoResponder.start(options);
  const client = new MongoClient(responder.uri('db', credentials), {
    // After a failure the driver looks at the server again; on a busy machine that takes its time.
    serverSelectionTimeoutMS: 10_000,
    minHeartbeatFrequencyMS: 20,
    ...driver,
  });
  clients.push(client);
  return client;
}

const documents = Array.from({ length: 5 }, (_, index) => ({
  _id: index,
  tags: [{ name: `t${index}` }, { name: 'all' }],
}));

/** An OP_MSG with the documents in a section of their own. */
function insertMessage(inserted: readonly BSON.Document[]): Buffer {
  const body = BSON.serialize({ $db: 'd' });
  const section = Buffer.concat([
    Buffer.alloc(4),
    Buffer.from('documents\0'),
    ...inserted.map((document) => BSON.serialize(document)),
  ]);
  section.writeInt32LE(section.length, 0);
  const message = Buffer.concat([Buffer.alloc(21), body, Buffer.of(1), section]);
  message.writeInt32LE(message.length, 0);
  message.writeInt32LE(2013, 12);
  return message;
}

describe('the wire protocol responder, by the official driver', () => {
  it('stores, finds and gives documents back in batches', async () => {
    const collection = (await connected()).db().collection<(typeof documents)[number]>('c');
    await collection.insertMany(documents);
    expect(await collection.find({ 'tags.name': 'all' }, { batchSize: 2 }).toArray()).toEqual(documents);
    expect(responder.work.map(({ name }) => name)).toContain('getMore');
    expect(await collection.find({ _id: { $in: [1, 3] } }).toArray()).toEqual([documents[1], documents[3]]);
    expect(await collection.findOne({ 'tags.name': { $gte: 't3', $lt: 't4' } })).toEqual(documents[3]);
    expect(await collection.findOne({ tags: documents[4]?.tags ?? [] })).toEqual(documents[4]);
    await collection.deleteMany({ 'tags.name': { $regex: '^t[1-4]$' } });
    await collection.replaceOne({ _id: 0 }, Object({ _id: 0, tags: [] }));
    for (const tags of [[], [{ name: 'late' }]])
      await collection.updateOne({ _id: 9 }, { $setOnInsert: { _id: 9, tags } }, { upsert: true });
    expect(await collection.find().toArray()).toEqual([
      { _id: 0, tags: [] },
      { _id: 9, tags: [] },
    ]);
  });

  it('refuses a repeated id, and stops there', async () => {
    const collection = (await connected()).db().collection<{ _id: number }>('c');
    await collection.insertOne({ _id: 1 });
    await expect(collection.insertMany([{ _id: 0 }, { _id: 1 }, { _id: 2 }])).rejects.toThrow('E11000');
    expect((await collection.find().toArray()).map(({ _id }) => _id)).toEqual([1, 0]);
  });

  it('carries a retryable insert out once, wherever the connection breaks', async () => {
    const collection = (await connected()).db().collection('c');
    for (const applied of [true, false]) {
      const call = responder.commands.filter(({ name }) => name === 'insert').length + 1;
      responder.script = onCall('insert', { kind: 'cut', applied }, call);
      await collection.insertMany([{ applied }, { applied }]);
      expect(await collection.find({ applied }).toArray()).toHaveLength(2);
    }
    responder.script = onCall('insert', { kind: 'half answer', ending: 'cut' }, 5);
    await collection.insertOne({ half: true });
    expect(await collection.find({ half: true }).toArray()).toHaveLength(1);
  });

  it('continues a write that a step-down cut in two', async () => {
    const collection = (await connected()).db().collection<{ _id: number }>('c');
    responder.script = (seen) => {
      if (seen.name !== 'insert' || seen.call > 1) return undefined;
      setImmediate(() => {
        responder.role = 'primary';
      });
      return { kind: 'step down', afterDocuments: 1 };
    };
    await collection.insertMany([{ _id: 1 }, { _id: 2 }, { _id: 3 }]);
    expect(responder.store.documents('db.c')).toHaveLength(3);
  });

  it('answers errors of all kinds', async () => {
    const collection = (await connected()).db().collection('c');
    responder.script = (seen) =>
      onCall('insert', refusal(13, 'Unauthorized', 'not authorized on db'), 1)(seen) ??
      onCall(
        'insert',
        { kind: 'write error', error: { index: 1, code: 14031, errmsg: 'disk full' } },
        2,
      )(seen) ??
      onCall(
        'insert',
        { kind: 'write concern error', error: { code: 64, errmsg: 'waiting for replication timed out' } },
        3,
      )(seen);
    await expect(collection.insertOne({})).rejects.toMatchObject({ code: 13 });
    await expect(collection.insertMany([{}, {}, {}])).rejects.toMatchObject({ code: 14031 });
    expect(responder.store.documents('db.c')).toHaveLength(1);
    await expect(collection.insertOne({}, { writeConcern: { w: 'majority' } })).rejects.toMatchObject({
      code: 64,
    });
    expect(responder.store.documents('db.c')).toHaveLength(2);
    expect(responder.work.map(({ writeConcern }) => writeConcern)).toEqual([
      undefined,
      undefined,
      { w: 'majority' },
    ]);
  });

  it('lets nobody in but its account', async () => {
    const account = { user: 'daq', password: 'p@ss:w/rd' };
    const client = await connected({ admission: account }, { credentials: 'daq:p%40ss%3Aw%2Frd@' });
    await client.db().collection('c').insertOne({ a: 1 });
    const stranger = new MongoClient(responder.uri('db', 'daq:wrong@'));
    clients.push(stranger);
    await expect(stranger.db().collection('c').findOne()).rejects.toMatchObject({ code: 18 });
    const nobody = new MongoClient(responder.uri('db'));
    clients.push(nobody);
    await expect(nobody.db().collection('c').findOne()).rejects.toMatchObject({ code: 13 });
  });

  it('knows clients by their certificates', async () => {
    const tls = { cert: pem('server.pem'), key: pem('server.pem'), ca: pem('ca.pem') };
    const client = await connected(
      { tls, admission: 'client certificates' },
      {
        tls: true,
        tlsCAFile: join(certificates, 'ca.pem'),
        tlsCertificateKeyFile: join(certificates, 'client.pem'),
        authMechanism: 'MONGODB-X509',
      },
    );
    expect(await client.db().collection('c').find().toArray()).toEqual([]);
    expect(responder.commands.map(({ name }) => name)).toContain('authenticate');
  });

  it('reads the same messages wherever TCP cuts them', () => {
    const inserts = fc.array(fc.array(fc.record({ _id: fc.integer(), text: fc.string() }), { minLength: 1 }));
    fc.assert(
      fc.property(inserts, fc.infiniteStream(fc.integer({ min: 1, max: 40 })), (commands, lengths) => {
        const stream = Buffer.concat(commands.map(insertMessage));
        const read: unknown[] = [];
        let received = Buffer.alloc(0);
        for (let start = 0; start < stream.length; ) {
          const end = start + Number(lengths.next().value);
          const { messages, rest } = takeMessages(Buffer.concat([received, stream.subarray(start, end)]));
          received = Buffer.from(rest);
          const payloads = messages.map((message) => readRequest(message).payload);
          read.push(...payloads.map((payload) => payload.map((document) => BSON.deserialize(document))));
          start = end;
        }
        expect(received).toHaveLength(0);
        expect(read).toEqual(commands);
      }),
    );
  });
});
