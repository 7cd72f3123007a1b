import { tmpdir } from 'node:os';
import { inspect } from 'node:util';
import { afterEach, expect } from 'vitest';
import type { ArtdaqDb } from '../../../src/artdaqdb/artdaqdb.ts';
import { openArtdaqDb } from '../../../src/artdaqdb/schemes.ts';
import type { Environment } from '../../../src/environment.ts';
import { ArchiverError } from '../../../src/errors.ts';
import { MongoResponder, type MongoResponderOptions } from '../mongo-responder.ts';
import { recordingLogger } from '../recording-logger.ts';

/** With signs that a URI must encode. */
export const ACCOUNT = { user: 'daq@operator', password: 'pa/ss:wo%rd' };
const CREDENTIALS = `${encodeURIComponent(ACCOUNT.user)}:${encodeURIComponent(ACCOUNT.password)}`;
const SECRETS = [...Object.values(ACCOUNT), ...CREDENTIALS.split(':')];
export const DATABASE = 'artdaq_test';
/** The driver looks for another primary more often than by default. */
const PATIENT = { minHeartbeatFrequencyMS: '20' };

/** Parameters of the URI for clients of which a test waits until they give up. */
export const IMPATIENT = {
  serverSelectionTimeoutMS: '1000',
  connectTimeoutMS: '1000',
  socketTimeoutMS: '1000',
};

const NO_TOOLS = { workDir: tmpdir(), libDirectory: tmpdir() };

/** How a client is opened besides where. */
export interface ClientOptions {
  /** More parameters of the URI. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** In place of user and password. */
  readonly credentials?: string;
  readonly env?: Environment;
}

/** Responders and clients of one test, which are closed after it. */
export interface MongoSite {
  /** What the clients logged. */
  readonly logger: ReturnType<typeof recordingLogger>;
  /** A responder that admits {@link ACCOUNT}, unless the options say otherwise. */
  start(options?: MongoResponderOptions): Promise<MongoResponder>;
  /** A client as the program opens it, with user and password. */
  open(responder: Pick<MongoResponder, 'host'>, options?: ClientOptions): ArtdaqDb;
  /** The error of something that must fail; it must be one of ours, and neither it nor the log may show the account. */
  failureOf(promise: Promise<unknown>): Promise<ArchiverError>;
}

/** For the tests of a file. */
export function useMongoSites(): MongoSite {
  const responders: MongoResponder[] = [];
  const clients: ArtdaqDb[] = [];
  const logger = recordingLogger();

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await Promise.all(responders.splice(0).map((responder) => responder.close()));
    const lines = logger.lines.splice(0).join('\n');
    expectNoSecrets(lines);
  });

  return {
    logger,
    start: async (options) => {
      const responder = await MongoResponder.start({ admission: ACCOUNT, ...options });
      responders.push(responder);
      return responder;
    },
    open: ({ host }, { parameters = {}, credentials = `${CREDENTIALS}@`, env = {} } = {}) => {
      const query = new URLSearchParams({ ...PATIENT, ...parameters });
      const databaseUri = `mongodb://${credentials}${host}/${DATABASE}?${query}`;
      const client = openArtdaqDb({ databaseUri, useTools: false }, { env, logger, ...NO_TOOLS });
      expectNoSecrets(client.location);
      clients.push(client);
      return client;
    },
    failureOf: async (promise) => {
      const error = await promise.then(
        (value) => new Error(`no error but ${inspect(value)}`),
        (thrown: unknown) => thrown,
      );
      expectNoSecrets(`${inspect(error, { depth: 20, showHidden: true })} ${JSON.stringify(error)}`);
      if (!(error instanceof ArchiverError)) throw error;
      expectNoSecrets(error.message);
      return error;
    },
  };
}

/** Does the same with several cases at once, since each has to wait. */
export async function forEachAtOnce<Case>(
  cases: readonly (readonly [what: string, value: Case])[],
  check: (value: Case) => Promise<void>,
): Promise<void> {
  const results = await Promise.allSettled(cases.map(([, value]) => check(value)));
  const failures = results.flatMap((result, index) =>
    result.status === 'rejected' ? [`${cases[index]?.[0]}: ${inspect(result.reason)}`] : [],
  );
  expect(failures).toEqual([]);
}

/** The entities in a collection under a configuration name, sorted; one that is there twice shows up twice. */
export function entitiesIn(responder: MongoResponder, collection: string, configuration: string): string[] {
  return responder.store
    .find(`${DATABASE}.${collection}`, { 'configurations.name': configuration })
    .map(({ view }) => String(view.entities[0].name))
    .sort();
}

function expectNoSecrets(text: string): void {
  for (const secret of SECRETS) expect(text).not.toContain(secret);
}
