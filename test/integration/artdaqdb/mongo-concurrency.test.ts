import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MongoDb } from '../../../src/artdaqdb/mongo/mongo-db.ts';
import { ArtdaqDbError } from '../../../src/errors.ts';
import type { FhiclFile } from '../../../src/fhicl/fhicl-file.ts';
import { byName } from '../../helpers/artdaqdb-conformance.ts';
import { MongoGate } from '../../helpers/mongo-gate.ts';
import { MongoResponder } from '../../helpers/mongo-responder.ts';
import { describeWithMongodb, uniqueDatabaseUri } from '../../helpers/mongodb-server.ts';

const HOUR = 3_600_000;
/** Of the driver: what one client does must not depend on when the other's commands are let through. */
const PATIENCE = 'serverSelectionTimeoutMS=30000&retryWrites=false&retryReads=false';

/** Commands that leave everything as it was. */
const READS = new Set(['find', 'getMore', 'listIndexes']);

type Step = { readonly writer: number; readonly event: 'goes on' | 'dies' | 'waits an hour' };

/** What a writer has found in the run directory; the texts depend on when it looked. */
const record = fc
  .record({
    history: fc.constantFrom('early', 'late'),
    others: fc.uniqueArray(fc.constantFrom('A', 'B', 'c', 'd'), { maxLength: 3 }),
    text: fc.constantFrom('same', 'one', 'other'),
  })
  .map(({ history, others, text }): FhiclFile[] => [
    { name: 'RunHistory.fcl', text: `\ntime: "${history}" \n` },
    ...others.map((name) => ({ name: `${name}.fcl`, text: `\ntext: "${text}" \n` })),
    { name: 'schema.fcl', text: '\nversion: 1 \n' },
  ]);

/** Whose command reaches the server next; rarely something else happens instead. */
const schedule = (writers: number, ...incidents: Step['event'][]): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.record({
      writer: fc.nat({ max: writers - 1 }),
      event: fc.oneof(
        { weight: 60, arbitrary: fc.constant<Step['event']>('goes on') },
        { weight: 2, arbitrary: fc.constantFrom(...incidents) },
      ),
    }),
    { minLength: 40, maxLength: 40 },
  );

/** A server in a test: where it is, and its database with no gate in between. */
interface Place {
  readonly uri: string;
  /** How far the clock that all writers share moves each time it is read, in milliseconds: 1 if absent. */
  readonly tick?: number;
  /** Is only looked at what is there when all have ended? */
  readonly isLookedAtLast?: boolean;
}

/** Stores different records of one run at the same time, their commands in the order of the schedule. */
async function race(
  { uri, tick = 1, isLookedAtLast = false }: Place,
  records: readonly FhiclFile[][],
  steps: readonly Step[],
): Promise<void> {
  let time = Date.UTC(2026, 10, 24);
  const now = (): Date => {
    time += tick;
    return new Date(time);
  };
  const options = { now, sleep: async () => undefined };
  const reader = new MongoDb(uri, options);
  const gates = await Promise.all(records.map(() => MongoGate.start(new URL(uri).host)));
  const writers = gates.map(({ host }) => {
    const own = new URL(uri);
    own.host = host;
    own.search = `?${PATIENCE}&directConnection=true`;
    return new MongoDb(own.href, options);
  });
  const outcomes: ('stored' | 'refused' | undefined)[] = [];
  const inserts: Promise<void>[] = [];
  const begin = (place: number): Promise<void> | undefined =>
    writers[place]?.insert(5, 'standard', records[place] ?? []).then(
      () => {
        outcomes[place] = 'stored';
      },
      (error: unknown) => {
        if (!(error instanceof ArtdaqDbError)) throw error;
        outcomes[place] = 'refused';
      },
    );

  /** Gives the name of the command that reached the server, if one did. */
  const advance = async ({ writer, event }: Step): Promise<string | undefined> => {
    if (event === 'waits an hour') time += HOUR;
    const gate = gates[writer];
    const insert = inserts[writer] ?? begin(writer);
    if (gate === undefined || insert === undefined || outcomes[writer] !== undefined) return undefined;
    inserts[writer] = insert;
    await Promise.race([gate.held(), insert]);
    if (outcomes[writer] !== undefined) return undefined;
    if (event !== 'dies') return gate.pass();
    gate.kill();
    await Promise.all([writers[writer]?.close(), insert]);
    return undefined;
  };
  const expectOneVersion = async (): Promise<string | undefined> => {
    if (!(await reader.has(5, 'standard'))) return undefined;
    const stored = textOf(await reader.export(5));
    expect(records.map(textOf)).toContain(stored);
    return stored;
  };

  try {
    for (const step of steps) {
      const command = await advance(step);
      if (!isLookedAtLast && command !== undefined && !READS.has(command)) await expectOneVersion();
    }
    while (outcomes.filter((outcome) => outcome !== undefined).length < writers.length) {
      for (const writer of writers.keys()) await advance({ writer, event: 'goes on' });
    }
    await Promise.all(inserts);
    const stored = await expectOneVersion();
    const winners = outcomes.flatMap((outcome, place) => (outcome === 'stored' ? [place] : []));
    expect(winners.length).toBeLessThan(2);
    for (const winner of winners) expect(stored).toBe(textOf(records[winner] ?? []));
    time += HOUR;
    if (stored === undefined) await reader.insert(5, 'standard', records[0] ?? []);
    expect(await expectOneVersion()).toBe(stored ?? textOf(records[0] ?? []));
  } finally {
    await Promise.all(gates.map((gate) => gate.close()));
    await Promise.all([...writers, reader].map((each) => each.close()));
  }
}

function textOf(files: readonly FhiclFile[]): string {
  return JSON.stringify(byName(files));
}

it.each([
  { writers: 2, tick: 1 },
  { writers: 2, tick: 0 },
  { writers: 3, tick: 1 },
])(
  'archivers that store different states of a run leave one of them, wherever they die (%o)',
  async (site) => {
    const { writers, tick } = site;
    const records = fc.array(record, { minLength: writers, maxLength: writers });
    await fc.assert(
      fc.asyncProperty(records, schedule(writers, 'dies', 'waits an hour'), async (versions, steps) => {
        const responder = await MongoResponder.start();
        try {
          await race({ uri: responder.uri('race'), tick }, versions, steps);
        } finally {
          await responder.close();
        }
      }),
      { numRuns: 15 },
    );
  },
);

it('archivers whose documents come in several commands each leave one of their states if none dies', async () => {
  const records = fc.tuple(record, record);
  await fc.assert(
    fc.asyncProperty(records, schedule(2, 'waits an hour'), async (versions, steps) => {
      const responder = await MongoResponder.start({ batchLimit: 2 });
      try {
        // What one adds to a run that the other completed meanwhile stands there until it notices.
        await race({ uri: responder.uri('race'), isLookedAtLast: true }, versions, steps);
      } finally {
        await responder.close();
      }
    }),
    { numRuns: 15 },
  );
});

describeWithMongodb('archivers that store different states of a run', (server) => {
  it('leave one of them on a real server', async () => {
    const records = fc.tuple(record, record);
    await fc.assert(
      fc.asyncProperty(records, schedule(2, 'dies', 'waits an hour'), (versions, steps) =>
        race({ uri: uniqueDatabaseUri(server) }, versions, steps),
      ),
      { numRuns: 10 },
    );
  });
});
