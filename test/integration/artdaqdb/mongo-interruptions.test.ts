import { BSON } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { ArtdaqDbPresenceError } from '../../../src/errors.ts';
import { byName, documentsOfRun } from '../../helpers/artdaqdb-conformance.ts';
import { type Fault, onCall, refusal, type Script } from '../../helpers/mongo-responder/script.ts';
import {
  DATABASE,
  entitiesIn,
  forEachAtOnce,
  IMPATIENT,
  useMongoSites,
} from '../../helpers/mongo-responder/site.ts';
import type { MongoResponder } from '../../helpers/mongo-responder.ts';

const site = useMongoSites();
const files = documentsOfRun(5);
/** More than one insert, with all that a new database needs before it. */
const STEPS = Array.from({ length: 18 }, (_, index) => index + 1);
const NO_RETRY = { parameters: { ...IMPATIENT, retryWrites: 'false', retryReads: 'false' } };

const cuts: [what: string, fault: Fault][] = [
  ['is cut before the server wrote', { kind: 'cut', applied: false }],
  ['is cut after the server wrote', { kind: 'cut', applied: true }],
  ['is cut in the middle of the answer', { kind: 'half answer', ending: 'cut' }],
  ['stalls in the middle of the answer', { kind: 'half answer', ending: 'stall' }],
  ['hangs before the server wrote', { kind: 'hang', applied: false }],
  ['hangs after the server wrote', { kind: 'hang', applied: true }],
];

/** What the driver does not try again by itself. */
const doubts: typeof cuts = [
  ...cuts,
  [
    'is not confirmed by the majority',
    { kind: 'write concern error', error: { code: 64, errmsg: 'timed out' } },
  ],
];

/** An entry of a name that stands there twice. */
const REPEATED = '\na: 1 \n\na: 2 \n';

/** Keeps the last of several entries of a name, as some servers do. */
function forgetRepeats({ store }: MongoResponder, collection: string): void {
  const namespace = `${DATABASE}.${collection}`;
  for (const { view } of store.documents(namespace)) {
    store.update(namespace, [BSON.serialize({ q: { _id: view._id }, u: view })]);
  }
}

/** A fault for the writes to one collection. */
function onInsertInto(collection: string, fault: Fault, call = 1): Script {
  let calls = 0;
  return (seen) =>
    seen.name === 'insert' && seen.collection === collection && ++calls === call ? fault : undefined;
}

describe('a run that is completed from leftovers', () => {
  it('is not visible if another archiver takes one of them away meanwhile', async () => {
    const responder = await site.start();
    const client = site.open(responder);
    responder.script = onInsertInto('SystemLayout', refusal(13, 'Unauthorized', 'no'));
    await site.failureOf(client.insert(5, 'standard', files));
    responder.script = (seen) => {
      if (seen.name === 'update' && seen.collection === 'SystemLayout') {
        responder.store.delete(`${DATABASE}.RunHistory`, [{ q: {}, limit: 1 }]);
      }
      return undefined;
    };
    const error = await site.failureOf(client.insert(5, 'standard', files));
    expect(error.message).toContain('by another archiver');
    expect(error.retryable).toBe(true);
    expect(await client.has(5, 'standard')).toBe(false);
    responder.script = () => undefined;
    await client.insert(5, 'standard', files);
    expect(byName(await client.export(5))).toEqual(byName(files));
  });
});

describe('a server that alters the schema of a run that is completed from leftovers', () => {
  it('never makes the run visible without its documents', async () => {
    const responder = await site.start();
    const client = site.open(responder);
    const odd = [
      ...files.filter(({ name }) => name !== 'schema.fcl'),
      { name: 'schema.fcl', text: REPEATED },
    ];
    responder.script = onInsertInto('SystemLayout', refusal(13, 'Unauthorized', 'no'));
    await site.failureOf(client.insert(5, 'standard', odd));
    let isFilled = false;
    const visible: string[][] = [];
    responder.script = ({ name, collection }) => {
      if (collection === 'SystemLayout' && name === 'update') isFilled = true;
      if (collection === 'SystemLayout' && name === 'find' && isFilled) forgetRepeats(responder, collection);
      if (collection === 'RunHistory' && name === 'delete' && isFilled) {
        visible.push(entitiesIn(responder, 'SystemLayout', '5/standard'));
      }
      return undefined;
    };
    const error = await site.failureOf(client.insert(5, 'standard', odd));
    expect(error.message).toMatch(/schema\.fcl .*'a'/);
    expect(visible).toEqual([[]]);
    expect(
      ['RunHistory', 'SystemLayout'].map((name) => responder.store.documents(`${DATABASE}.${name}`)),
    ).toEqual([[], []]);
  });
});

describe('a replica set that changes its primary', () => {
  it('fails a run that another attempt completes, wherever the change falls', async () => {
    const moments: [what: string, moment: { collection: string; afterDocuments: number }][] = [
      ['before the first document', { collection: 'RunHistory', afterDocuments: 0 }],
      ['in the middle of the documents', { collection: 'RunHistory', afterDocuments: 1 }],
      ['before the document that makes the run visible', { collection: 'SystemLayout', afterDocuments: 0 }],
      ['right after that document', { collection: 'SystemLayout', afterDocuments: 1 }],
    ];
    await forEachAtOnce(moments, async ({ collection, afterDocuments }) => {
      const responder = await site.start();
      const client = site.open(responder, { parameters: IMPATIENT });
      await client.prepare();
      responder.script = onInsertInto(collection, { kind: 'step down', afterDocuments });
      const error = await site.failureOf(client.insert(5, 'standard', files));
      expect(error.message).toMatch(/primary/);
      expect(error.retryable).toBe(true);
      responder.role = 'primary';
      const isThere = await client.has(5, 'standard');
      expect(isThere).toBe(collection === 'SystemLayout' && afterDocuments === 1);
      await client.insert(5, 'standard', files);
      expect(byName(await client.export(5))).toEqual(byName(files));
      expectOnce(responder);
    });
  });

  it('is followed by the driver if there is a new primary in time', async () => {
    const responder = await site.start();
    const client = site.open(responder);
    await client.prepare();
    responder.script = (seen) => {
      const fault = onInsertInto('RunHistory', { kind: 'step down', afterDocuments: 1 })(seen);
      if (fault === undefined || seen.call > 1) return undefined;
      setImmediate(() => {
        responder.role = 'primary';
      });
      return fault;
    };
    await client.insert(5, 'standard', files);
    expectOnce(responder);
  });

  it('is distinguished from a server that is down', async () => {
    const responder = await site.start();
    responder.role = 'secondary';
    const error = await site.failureOf(site.open(responder, { parameters: IMPATIENT }).listRuns());
    expect(error.message).toMatch(/no primary/);
    expect(error.retryable).toBe(true);
  });
});

describe.each(['RunHistory', 'SystemLayout'])(
  'a connection that breaks while %s is written',
  (collection) => {
    it('is replaced by the driver, and the run is stored once', () =>
      forEachAtOnce(cuts, async (fault) => {
        const responder = await site.start();
        const client = site.open(responder, { parameters: IMPATIENT });
        await client.prepare();
        responder.script = onInsertInto(collection, fault);
        await client.insert(5, 'standard', files);
        expectOnce(responder);
        expect(byName(await client.export(5))).toEqual(byName(files));
      }));

    it('fails the run without retryable writes, and another attempt completes it', () =>
      forEachAtOnce(doubts, async (fault) => {
        const responder = await site.start();
        const client = site.open(responder, NO_RETRY);
        await client.prepare();
        responder.script = onInsertInto(collection, fault);
        expect((await site.failureOf(client.insert(5, 'standard', files))).retryable).toBe(true);
        const isThere = entitiesIn(responder, 'SystemLayout', '5/standard').length > 0;
        expect(await client.has(5, 'standard')).toBe(isThere);
        await client.insert(5, 'standard', files);
        expectOnce(responder);
        expect(byName(await client.export(5))).toEqual(byName(files));
      }));
  },
);

describe('a server that executes a repeated write twice', () => {
  const taken = { index: 0, code: 11000, errmsg: 'E11000 duplicate key error index: _id_ dup key' };

  it('does not make the archiver remove the run that it has just made visible', async () => {
    const responder = await site.start();
    const client = site.open(responder);
    const again = (answer: object): Fault => ({
      kind: 'answer',
      applied: true,
      answer: { ok: 1, ...answer },
    });
    responder.script = onInsertInto('SystemLayout', again({ n: 0, writeErrors: [taken] }));
    await client.insert(5, 'standard', files);
    expect(byName(await client.export(5))).toEqual(byName(files));
    responder.store.delete(`${DATABASE}.SystemLayout`, [{ q: {}, limit: 0 }]);
    responder.script = (seen) =>
      seen.name === 'update' && seen.collection === 'SystemLayout'
        ? again({ n: 0, nModified: 0 })
        : undefined;
    await client.insert(5, 'standard', files);
    expect(byName(await client.export(5))).toEqual(byName(files));
    expectOnce(responder);
  });
});

describe('an update that breaks', () => {
  const more = { name: 'RunHistory2.fcl', text: '\nstop: "now" \n' };

  it('is completed by another attempt', () =>
    forEachAtOnce(doubts, async (fault) => {
      const responder = await site.start();
      const client = site.open(responder, NO_RETRY);
      await client.insert(5, 'standard', files);
      responder.script = onInsertInto('RunHistory', fault);
      expect((await site.failureOf(client.update(5, 'standard', [more]))).retryable).toBe(true);
      await client.update(5, 'standard', [more]);
      expect(entitiesIn(responder, 'RunHistory', '5/standard')).toEqual(['RunHistory2', 'boot', 'settings']);
      expect(byName(await client.export(5))).toEqual(byName([...files, more]));
    }));
});

describe('a listing that breaks', () => {
  const breaks: [what: string, fault: Fault][] = [
    ['it is cut', { kind: 'cut', applied: true }],
    ['it ends in half an answer', { kind: 'half answer', ending: 'cut' }],
    ['it hangs', { kind: 'hang', applied: true }],
    ['it lost its cursor', refusal(43, 'CursorNotFound', 'cursor id 7 not found')],
    ['the server is not primary', refusal(11602, 'InterruptedDueToReplStateChange', 'stepped down')],
  ];

  it.each(['find', 'getMore'])('in %s fails instead of returning too little', (name) =>
    forEachAtOnce(breaks, async (fault) => {
      const responder = await site.start({ batchLimit: 2 });
      const client = site.open(responder, NO_RETRY);
      for (const run of [3, 4, 5]) await client.insert(run, 'standard', documentsOfRun(run));
      responder.script = onCall(name, fault);
      expect((await site.failureOf(client.listRuns())).retryable).toBe(true);
      responder.script = () => undefined;
      expect(await client.listRuns()).toEqual([3, 4, 5]);
    }),
  );
});

describe('a client that dies', () => {
  it.each([
    { applied: true, batchLimit: 100 },
    { applied: false, batchLimit: 100 },
    { applied: true, batchLimit: 2 },
  ])(
    'between any two round trips leaves what the next one completes (%o)',
    async ({ applied, batchLimit }) => {
      const hasDiedAt = async (step: number): Promise<boolean> => {
        const responder = await site.start({ batchLimit });
        const dying = site.open(responder, { parameters: { serverSelectionTimeoutMS: '1000' } });
        await dying.prepare();
        const before = responder.work.length;
        let death: Promise<void> | undefined;
        responder.script = (seen) => {
          if (seen.step !== before + step) return undefined;
          death = dying.close();
          return { kind: 'client dies', applied };
        };
        const hasDied = await dying.insert(5, 'standard', files).then(
          () => false,
          (error: unknown) => site.failureOf(Promise.reject(error)).then(() => true),
        );
        await death;
        responder.script = () => undefined;
        responder.accept();
        await expectWholeOrNothing(responder);
        return hasDied;
      };
      const deaths = await Promise.all(STEPS.map(hasDiedAt));
      // Every round trip had its turn: those that did not die had none left.
      const last = deaths.lastIndexOf(true);
      expect(deaths).toEqual(STEPS.map((_, index) => index <= last));
      expect(last).toBeGreaterThan(3);
      expect(last).toBeLessThan(STEPS.length - 1);
    },
  );
});

/** What another client sees, and that it can complete the run. */
async function expectWholeOrNothing(responder: MongoResponder): Promise<void> {
  const next = site.open(responder);
  await next.prepare();
  const isVisible = (await next.listRuns()).includes(5);
  expect(await next.has(5, 'standard')).toBe(isVisible);
  if (isVisible) {
    expect(byName(await next.export(5))).toEqual(byName(files));
    await expect(next.insert(5, 'standard', files)).rejects.toThrow(ArtdaqDbPresenceError);
  } else {
    await site.failureOf(next.export(5));
    await next.insert(5, 'standard', files);
  }
  expect(byName(await next.export(5))).toEqual(byName(files));
  expectOnce(responder);
}

function expectOnce(responder: MongoResponder): void {
  expect(entitiesIn(responder, 'RunHistory', '5/standard')).toEqual(['boot', 'settings']);
  expect(entitiesIn(responder, 'SystemLayout', '5/standard')).toEqual(['schema']);
}
