import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CheckTimes } from '../../../src/modes/check-config.ts';
import { CheckedSite, type CheckReport } from '../../helpers/checked-site.ts';
import { closedPort } from '../../helpers/closed-port.ts';
import { type Fault, onCall, refusal } from '../../helpers/mongo-responder/script.ts';
import { MongoResponder } from '../../helpers/mongo-responder.ts';

const account = { user: 'archiver', password: 'pass-word' };
const all = ['find', 'insert', 'update', 'remove', 'createIndex'];
const database = 'artdaq_test';

let place: CheckedSite;
let responder: MongoResponder;

beforeEach(async () => {
  place = await CheckedSite.start();
  responder = await MongoResponder.start({ admission: account });
  responder.script = onCall('connectionStatus', mayDo([{ collection: '', actions: all }]));
});

afterEach(async () => {
  await responder.close();
  await place.stop();
});

/** What a server says of the account. */
function mayDo(rights: readonly { collection: string; actions: readonly string[] }[]): Fault {
  const privileges = rights.map(({ collection, actions }) => ({
    resource: { db: database, collection },
    actions,
  }));
  const authInfo = {
    authenticatedUsers: [{ user: account.user, db: database }],
    authenticatedUserPrivileges: privileges,
  };
  return { kind: 'answer', answer: { ok: 1, authInfo } };
}

/** The driver keeps trying for as long as it may. */
const impatient = { local: 5000, service: 5000, silence: 1000 };

async function check(
  password = account.password,
  host = responder.host,
  limits?: CheckTimes,
): Promise<CheckReport> {
  const database_uri = `mongodb://${account.user}:${password}@${host}/${database}`;
  const report = await place.check({ artdaq_db: { database_uri } }, {}, limits);
  expect(JSON.stringify(report)).not.toContain(password);
  return report;
}

function expectOnly({ usable, checks }: CheckReport, says: RegExp): void {
  expect(checks.filter(({ state }) => state !== 'ok').map(({ name }) => name)).toEqual(['artdaq_db']);
  expect(checks.find(({ name }) => name === 'artdaq_db')?.text).toMatch(says);
  expect(usable).toBe(false);
}

describe('a database in MongoDB', () => {
  it('is found usable without being written', async () => {
    const { usable, checks } = await check();
    expect(usable).toBe(true);
    expect(checks.find(({ name }) => name === 'artdaq_db')).toMatchObject({
      state: 'ok',
      text: 'readable and writable, 0 runs',
      subject: `artdaqDB mongodb://${responder.host}/${database}`,
    });
    const names = new Set(responder.work.map(({ name }) => name));
    expect([...names].sort()).toEqual(['connectionStatus', 'find']);
  });

  it('counts as writable if the server does not tell', async () => {
    responder.script = () => undefined;
    const { usable, checks } = await check();
    expect(usable).toBe(true);
    expect(checks.find(({ name }) => name === 'artdaq_db')?.text).toBe(
      "0 runs; the server doesn't tell whether we may write",
    );
  });

  it('is reported if no server listens', async () => {
    const report = await check(account.password, `127.0.0.1:${await closedPort()}`, impatient);
    expectOnly(report, /no server answers; check that it runs and that host and port/);
  });

  it('is reported if the password is wrong', async () => {
    expectOnly(await check('not-that-one'), /authentication failed; check user and password/);
  });

  it.each<[string, Fault, RegExp]>([
    [
      'may only read',
      mayDo([{ collection: '', actions: ['find'] }]),
      /may not insert on RunHistory, .*remove on SystemLayout.*role readWrite on artdaq_test/,
    ],
    [
      'may write to one collection',
      mayDo([
        { collection: 'RunHistory', actions: all },
        { collection: 'SystemLayout', actions: ['find'] },
      ]),
      /may not insert on SystemLayout, update on SystemLayout, remove on SystemLayout \(0 runs/,
    ],
  ])('is reported if the account %s', async (_what, rights, says) => {
    responder.script = onCall('connectionStatus', rights);
    expectOnly(await check(), says);
  });

  it('is reported if the account may not even read', async () => {
    responder.script = onCall('find', refusal(13, 'Unauthorized', 'not authorized'));
    expectOnly(await check(), /not allowed to do this; it needs the role readWrite/);
  });
});
