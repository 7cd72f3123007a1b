import { type Db, MongoServerError } from 'mongodb';
import type { Environment } from '../../environment.ts';
import { messageOf } from '../../errors.ts';
import type { Amendment } from '../amendment.ts';
import type { AmendOutcome } from '../artdaqdb.ts';
import { type DatabaseOrigin, metadataContent, SYSTEM_METADATA } from '../database-description.ts';
import type { Submission } from '../submission.ts';
import type { MongoAddress } from './address.ts';
import { CONFIGURATION_NAMES, MAJORITY, MongoCollection } from './collection.ts';
import { connectTo, type MongoConnection } from './connection.ts';
import { DocumentWriter } from './document-writer.ts';
import { asArtdaqDbError } from './faults.ts';
import { RunReader } from './run-reader.ts';
import { RunWriter } from './run-writer.ts';

/** The collections whose documents are looked up by configuration name. */
const COLLECTIONS = ['RunHistory', 'SystemLayout'];
const NAMESPACE_NOT_FOUND = 26;

/** What a session is opened with. */
export interface SessionOptions {
  readonly address: MongoAddress;
  readonly env: Environment;
  readonly origin: DatabaseOrigin;
  readonly now: () => Date;
  readonly sleep: (milliseconds: number) => Promise<unknown>;
  readonly warn: (message: string) => void;
}

/** A connected database. Whatever uses the MongoDB driver is imported from here and from check.ts, and loaded on demand. */
export class MongoSession {
  readonly reader: RunReader;
  readonly #options: SessionOptions;
  readonly #connection: MongoConnection;
  readonly #setup: DatabaseSetup;
  readonly #writer: RunWriter;
  #made: Promise<void> | undefined;

  constructor(connection: MongoConnection, options: SessionOptions) {
    const { address, now, sleep, warn } = options;
    const { database, largestDocument, takesDottedNames } = connection;
    const runHistory = new MongoCollection(connection, 'RunHistory', address.location);
    const systemLayout = new MongoCollection(connection, 'SystemLayout', address.location);
    const documents = new DocumentWriter({ address, largestDocument, takesDottedNames, warn });
    this.reader = new RunReader(runHistory, systemLayout);
    this.#options = options;
    this.#connection = connection;
    this.#setup = { database, warn: (what, error) => warn(`${what}: ${address.hide(messageOf(error))}`) };
    this.#writer = new RunWriter({ runHistory, systemLayout, documents, now, sleep });
  }

  /** Makes missing indexes of collections that exist. */
  async prepare(): Promise<void> {
    await ensureIndexes(this.#setup, false);
  }

  /** Stores a whole run, or adds to one. */
  async store(submission: Submission): Promise<void> {
    this.#made ??= this.#make();
    await this.#made;
    await this.#writer[submission.kind](submission);
  }

  /** Replaces the content of one document. */
  amend(amendment: Amendment): Promise<AmendOutcome> {
    return this.#writer.amend(amendment);
  }

  /** The error as one of ours. @throws it, if it has nothing to do with MongoDB */
  explain(error: unknown, what: string, run?: number): Error {
    return asArtdaqDbError(error, {
      address: this.#options.address,
      what,
      ...(run === undefined ? {} : { run }),
    });
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  /** Gets a database ready for its first run. */
  async #make(): Promise<void> {
    const { address, origin, now } = this.#options;
    await Promise.all([
      ensureIndexes(this.#setup, true),
      ensureMetadata(this.#setup, address.location, origin, now()),
    ]);
  }
}

/** Connects. @throws ConfigurationError, ArtdaqDbError saying why it can't */
export async function openSession(options: SessionOptions): Promise<MongoSession> {
  return new MongoSession(await connectTo(options.address, options.env, options.warn), options);
}

/** The database to get ready. */
interface DatabaseSetup {
  readonly database: Db;
  /** For failures that keep nobody from working. */
  readonly warn: (what: string, error: unknown) => void;
}

/**
 * Makes an index on the configuration names, if there is none, so that documents are found fast. It is never unique: several
 * documents have a run's name, and the database is shared. A failure is only a warning.
 * @param includeMissing make missing collections too
 */
async function ensureIndexes(setup: DatabaseSetup, includeMissing: boolean): Promise<void> {
  await Promise.all(
    COLLECTIONS.map(async (name) => {
      const collection = setup.database.collection(name, MAJORITY);
      try {
        const indexes = await collection.listIndexes().toArray().catch(noneIfMissing);
        if (indexes === undefined && !includeMissing) return;
        const isThere = indexes?.some(({ key }) => Object.keys(key ?? {}).join() === CONFIGURATION_NAMES);
        if (!isThere) await collection.createIndex({ [CONFIGURATION_NAMES]: 1 });
      } catch (error) {
        setup.warn(
          `The index on ${CONFIGURATION_NAMES} of ${name} can't be made, so that looking up runs may take long`,
          error,
        );
      }
    }),
  );
}

/** Stores the one document about the database, as the C++ tools do on first use. A failure is only a warning. */
async function ensureMetadata(
  { database, warn }: DatabaseSetup,
  location: string,
  origin: DatabaseOrigin,
  now: Date,
): Promise<void> {
  try {
    await database
      .collection(SYSTEM_METADATA, MAJORITY)
      .updateOne(
        {},
        { $setOnInsert: { document: metadataContent(location, origin, now) } },
        { upsert: true },
      );
  } catch (error) {
    warn(`The document about the database can't be stored in ${SYSTEM_METADATA}`, error);
  }
}

function noneIfMissing(error: unknown): undefined {
  if (error instanceof MongoServerError && error.code === NAMESPACE_NOT_FOUND) return undefined;
  throw error;
}
