import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { BSON, MongoClient, ObjectId } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { ownObjectId } from '../../../src/artdaqdb/stored-document.ts';
import { ArtdaqDbError, ArtdaqDbPresenceError, ConfigurationError } from '../../../src/errors.ts';
import { byName, documentsOfRun } from '../../helpers/artdaqdb-conformance.ts';
import { type Fault, onCall, refusal } from '../../helpers/mongo-responder/script.ts';
import {
  ACCOUNT,
  DATABASE,
  entitiesIn,
  IMPATIENT,
  useMongoSites,
} from '../../helpers/mongo-responder/site.ts';

const site = useMongoSites();
const files = documentsOfRun(5);

describe('what a server refuses', () => {
  const notPrimary = 'not primary';
  it.each<[what: string, name: string, fault: Fault, says: RegExp, retryable: boolean]>([
    [
      'a user without rights',
      'insert',
      refusal(13, 'Unauthorized', 'not authorized on db'),
      /not allowed.*readWrite/,
      false,
    ],
    [
      'a user without rights',
      'find',
      refusal(13, 'Unauthorized', 'not authorized on db'),
      /not allowed.*readWrite/,
      false,
    ],
    [
      'a server that is not primary',
      'insert',
      refusal(10107, 'NotWritablePrimary', notPrimary),
      /not the primary/,
      true,
    ],
    [
      'a server that is not primary',
      'find',
      refusal(13435, 'NotPrimaryNoSecondaryOk', notPrimary),
      /not the primary/,
      true,
    ],
    [
      'a server that shuts down',
      'insert',
      refusal(91, 'ShutdownInProgress', 'going down'),
      /another attempt/,
      true,
    ],
    ['a full disk', 'insert', refusal(14031, 'OutOfDiskSpace', 'No space left'), /disk is full/, true],
    [
      'a time limit',
      'find',
      refusal(50, 'MaxTimeMSExpired', 'operation exceeded time limit'),
      /another attempt/,
      true,
    ],
    ['a lost session', 'insert', refusal(262, 'ExceededTimeLimit', 'too slow'), /another attempt/, true],
    [
      'a full disk, of one document',
      'insert',
      {
        kind: 'write error',
        error: { index: 1, code: 14031, errmsg: 'could not write: No space left on device' },
      },
      /disk is full/,
      true,
    ],
    [
      'a unique index of somebody else',
      'insert',
      {
        kind: 'write error',
        error: {
          index: 0,
          code: 11000,
          errmsg: 'E11000 duplicate key error collection: x index: version_1 dup key: {}',
        },
      },
      /boot\.fcl.*drop the index/s,
      false,
    ],
    [
      'the rules of a collection',
      'insert',
      { kind: 'write error', error: { index: 0, code: 121, errmsg: 'Document failed validation' } },
      /boot\.fcl.*validation/s,
      false,
    ],
    [
      'a majority that does not confirm',
      'insert',
      { kind: 'write concern error', error: { code: 64, errmsg: 'waiting for replication timed out' } },
      /majority.*confirm/,
      true,
    ],
  ])(
    'names %s on %s, and the run completes once that is over',
    async (_what, name, fault, says, retryable) => {
      const responder = await site.start();
      const client = site.open(responder);
      await client.prepare();
      responder.script = onCall(name, fault);
      const error = await site.failureOf(client.insert(5, 'standard', files));
      expect(error).toBeInstanceOf(ArtdaqDbError);
      expect(error.message).toMatch(says);
      expect(error.message).toContain('Run 5');
      expect(error).toMatchObject({ retryable, run: 5 });
      responder.script = () => undefined;
      expect(await client.has(5, 'standard')).toBe(false);
      expect(await client.listRuns()).toEqual([]);
      await client.insert(5, 'standard', files);
      expect(byName(await client.export(5))).toEqual(byName(files));
      expect(entitiesIn(responder, 'RunHistory', '5/standard')).toEqual(['boot', 'settings']);
      expect(entitiesIn(responder, 'SystemLayout', '5/standard')).toEqual(['schema']);
    },
  );

  it('says that the account is wrong', async () => {
    const responder = await site.start({ admission: { ...ACCOUNT, password: 'another' } });
    const client = site.open(responder);
    for (const call of ['prepare', 'listRuns'] as const) {
      const error = await site.failureOf(client[call]());
      expect(error.message).toMatch(/authentication failed.*user and password/i);
      expect(error.retryable).toBe(false);
    }
  });

  it.each([encodeURIComponent(ACCOUNT.password), ACCOUNT.password])(
    'hides the account when a server repeats it as %s',
    async (password) => {
      const responder = await site.start();
      const client = site.open(responder);
      await client.prepare();
      responder.script = onCall(
        'find',
        refusal(8000, 'AtlasError', `${ACCOUNT.user}:${password} was refused`),
      );
      const error = await site.failureOf(client.listRuns());
      expect(error.message).toContain('was refused');
    },
  );

  it('continues without an index that it may not make, and warns', async () => {
    const responder = await site.start();
    responder.script = (seen) =>
      onCall('createIndexes', refusal(13, 'Unauthorized', 'not authorized to create indexes'))(seen) ??
      onCall('listIndexes', refusal(13, 'Unauthorized', 'not authorized to list indexes'))(seen);
    const client = site.open(responder);
    await client.prepare();
    await client.insert(5, 'standard', files);
    expect(await client.listRuns()).toEqual([5]);
    expect(site.logger.lines.filter((line) => /^WARNING .*index/.test(line))).not.toEqual([]);
  });

  it('needs a server that the driver can talk to', async () => {
    const responder = await site.start({ maxWireVersion: 7 });
    const error = await site.failureOf(site.open(responder, { parameters: IMPATIENT }).listRuns());
    expect(error.message).toMatch(/server is too old.*wire version/);
    expect(error.retryable).toBe(false);
  });

  it('hides an account that is not encoded in the URI', async () => {
    const responder = await site.start();
    const credentials = `${ACCOUNT.user}:${ACCOUNT.password}@`;
    const error = await site.failureOf(site.open(responder, { credentials }).listRuns());
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.message).toContain('artdaq_db.database_uri');
  });

  it('makes no unique index', async () => {
    const responder = await site.start();
    const client = site.open(responder);
    await client.prepare();
    await client.insert(5, 'standard', files);
    const made = responder.work.filter(({ name }) => name === 'createIndexes');
    expect(made.length).toBeGreaterThan(0);
    for (const { command } of made) {
      for (const index of command.indexes) expect(index.unique ?? false).toBe(false);
    }
  });

  it('names the file of a document that is too large, and sends none of it', async () => {
    const responder = await site.start();
    const client = site.open(responder);
    const large = { name: 'large.fcl', text: `a: "${'x'.repeat(17_000_000)}"\n` };
    const error = await site.failureOf(client.insert(5, 'standard', [large, ...files]));
    expect(error.message).toMatch(/Run 5.*large\.fcl.* bytes/s);
    expect(error.retryable).toBe(false);
    expect(responder.work.map(({ name }) => name)).not.toContain('insert');
    expect(await client.listRuns()).toEqual([]);
  });

  it('names the file and the key that a server before 5.0 does not take', async () => {
    const responder = await site.start({ maxWireVersion: 12 });
    const client = site.open(responder);
    const dotted = { name: 'dotted.fcl', text: 'services.daq.level: 3\n' };
    const error = await site.failureOf(client.insert(5, 'standard', [dotted, ...files]));
    expect(error.message).toMatch(/dotted\.fcl.*services\.daq\.level/s);
    expect(error.retryable).toBe(false);
    expect(responder.store.documents(`${DATABASE}.RunHistory`)).toEqual([]);
    await client.insert(5, 'standard', files);
    expect(await client.listRuns()).toEqual([5]);
  });
});

describe('a server that cannot be reached', () => {
  it('has a closed port', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.close();
    await once(server, 'close');
    const client = site.open({ host }, { parameters: IMPATIENT });
    for (const call of ['prepare', 'listRuns'] as const) {
      const error = await site.failureOf(client[call]());
      expect(error.message).toContain(host);
      expect(error.message).toMatch(/no server answers/);
      expect(error.retryable).toBe(true);
    }
  });

  it.each(['hello', 'saslStart'])('hangs in %s', async (name) => {
    const hang: Fault = { kind: 'hang', applied: false };
    const responder = await site.start({
      script: (seen) =>
        seen.name === name || (name === 'hello' && seen.name === 'ismaster') ? hang : undefined,
    });
    const error = await site.failureOf(site.open(responder, { parameters: IMPATIENT }).listRuns());
    expect(error.message).toContain(responder.host);
    expect(error.retryable).toBe(true);
  });

  it('may come back, and the same client continues', async () => {
    const responder = await site.start();
    const client = site.open(responder, { parameters: IMPATIENT });
    await client.insert(5, 'standard', files);
    responder.refuse();
    expect((await site.failureOf(client.listRuns())).retryable).toBe(true);
    responder.accept();
    expect(await client.listRuns()).toEqual([5]);
  });
});

describe('how the client writes', () => {
  it('needs at most three round trips for a new run', async () => {
    const responder = await site.start();
    const client = site.open(responder);
    await client.prepare();
    await client.insert(4, 'standard', documentsOfRun(4));
    responder.script = () => ({ kind: 'late', milliseconds: 20 });
    const before = responder.work.length;
    await client.insert(5, 'standard', files);
    const work = responder.work.slice(before);
    expect(new Set(work.map(({ round }) => round)).size).toBeLessThanOrEqual(3);
    expect(work.filter(({ name }) => name === 'insert').map(({ collection }) => collection)).toEqual([
      'RunHistory',
      'SystemLayout',
    ]);
  });

  it('works on a server that is not a member of a replica set', async () => {
    const responder = await site.start({ standalone: true });
    const client = site.open(responder);
    await client.prepare();
    await client.insert(5, 'standard', files);
    await client.update(5, 'standard', [{ name: 'more.fcl', text: '\na: 1 \n' }]);
    expect(byName(await client.export(5))).toEqual(
      byName([...files, { name: 'more.fcl', text: '\na: 1 \n' }]),
    );
  });

  it('asks the majority to confirm every write, whatever the URI says', async () => {
    const responder = await site.start();
    const client = site.open(responder, { parameters: { w: '1', readPreference: 'secondaryPreferred' } });
    await client.prepare();
    responder.script = onCall('insert', refusal(13, 'Unauthorized', 'no'), 2);
    await site.failureOf(client.insert(5, 'standard', files));
    await client.insert(5, 'standard', files);
    await client.update(5, 'standard', [{ name: 'more.fcl', text: 'a: 1\n' }]);
    const writes = responder.work.filter(({ name }) =>
      ['insert', 'update', 'delete', 'findAndModify'].includes(name),
    );
    expect(writes.length).toBeGreaterThanOrEqual(4);
    for (const { writeConcern } of writes) expect(writeConcern).toMatchObject({ w: 'majority' });
  });

  it('reads what the majority has, and stops at the first document that is refused', async () => {
    const responder = await site.start();
    const client = site.open(responder, { parameters: { readConcernLevel: 'local' } });
    await client.insert(5, 'standard', files);
    await client.export(5);
    await client.listRuns();
    const commands = (wanted: string) =>
      responder.work.filter(({ name }) => name === wanted).map(({ command }) => command);
    expect(commands('find').length).toBeGreaterThan(4);
    for (const { readConcern } of commands('find')) expect(readConcern).toEqual({ level: 'majority' });
    expect(commands('insert')).toHaveLength(2);
    for (const { ordered } of commands('insert')) expect(ordered).toBe(true);
  });

  it('lists thousands of runs in one round trip', async () => {
    const responder = await site.start();
    const client = new MongoClient(responder.uri(DATABASE), {
      auth: { username: ACCOUNT.user, password: ACCOUNT.password },
      authSource: 'admin',
    });
    const runs = Array.from({ length: 5000 }, (_, run) => run);
    const layouts = runs.map((run) => ({ configurations: [{ name: `${run}/standard`, assigned: '' }] }));
    await client.db().collection('SystemLayout').insertMany(layouts);
    await client.close();
    const before = responder.work.length;
    expect(await site.open(responder).listRuns()).toEqual(runs);
    expect(responder.work.slice(before).map(({ name }) => name)).toEqual(['find']);
  });

  it('removes nothing with a refused document that another archiver may have stored', async () => {
    const responder = await site.start();
    const client = site.open(responder);
    await client.prepare();
    const id = ObjectId.createFromHexString(ownObjectId('RunHistory', '5/standard', 'settings'));
    responder.script = (seen) => {
      if (seen.name !== 'insert') return undefined;
      responder.store.insert(`${DATABASE}.RunHistory`, [BSON.serialize({ _id: id })], true);
      return { kind: 'write error', error: { index: 0, code: 121, errmsg: 'Document failed validation' } };
    };
    await site.failureOf(client.insert(5, 'standard', files));
    expect(responder.store.documents(`${DATABASE}.RunHistory`).map(({ view }) => view._id)).toEqual([id]);
  });

  it('writes documents in order of entity, so that of several archivers one gets the first', async () => {
    const responder = await site.start();
    const names = ['c', 'schema', 'B', 'a'].map((entity) => ({ name: `${entity}.fcl`, text: 'a: 1\n' }));
    await site.open(responder).insert(5, 'standard', names);
    const stored = responder.store.documents(`${DATABASE}.RunHistory`).map(({ view }) => view.entities);
    expect(stored).toEqual(['B', 'a', 'c'].map((name) => [expect.objectContaining({ name })]));
  });

  it('keeps names with dots, and repeated ones, on a server that moves the id to the front', async () => {
    const responder = await site.start();
    const client = site.open(responder);
    const odd = { name: 'odd.fcl', text: '\nservices.daq.level: 3 \n\nsame: 1 \n\nsame: 2 \n' };
    await client.insert(5, 'standard', [odd, ...files]);
    expect(Object.keys(responder.store.documents(`${DATABASE}.RunHistory`)[0]?.view ?? {})[0]).toBe('_id');
    expect(byName(await client.export(5))).toEqual(byName([odd, ...files]));
  });

  it('refuses what is stored already, and writes nothing', async () => {
    const responder = await site.start();
    const client = site.open(responder);
    await client.insert(5, 'standard', files);
    const before = responder.work.length;
    await expect(client.insert(5, 'standard', files)).rejects.toThrow(ArtdaqDbPresenceError);
    expect(responder.work.slice(before).map(({ name }) => name)).not.toContain('insert');
  });
});
