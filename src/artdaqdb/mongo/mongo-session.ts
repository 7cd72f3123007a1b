import type { Environment } from '../../environment.ts';
import { messageOf } from '../../errors.ts';
import type { Amendment } from '../amendment.ts';
import type { AmendOutcome } from '../artdaqdb.ts';
import type { DatabaseOrigin } from '../database-description.ts';
import type { Submission } from '../submission.ts';
import type { MongoAddress } from './address.ts';
import { connectTo, type MongoConnection } from './connection.ts';
import { type DatabaseSetup, ensureIndexes, ensureMetadata } from './database-setup.ts';
import { DocumentWriter } from './document-writer.ts';
import { asArtdaqDbError } from './errors.ts';
import { MongoCollection } from './mongo-collection.ts';
import { RunAmender } from './run-amender.ts';
import { RunReader } from './run-reader.ts';
import { RunWriter } from './run-writer.ts';

/** What a session is opened with. */
export interface SessionOptions {
  readonly address: MongoAddress;
  readonly env: Environment;
  readonly origin: DatabaseOrigin;
  readonly now: () => Date;
  readonly sleep: (milliseconds: number) => Promise<unknown>;
  readonly warn: (message: string) => void;
}

/** A connected database. The only module through which the rest of the program loads the MongoDB driver. */
export class MongoSession {
  readonly reader: RunReader;
  readonly #options: SessionOptions;
  readonly #connection: MongoConnection;
  readonly #setup: DatabaseSetup;
  readonly #writer: RunWriter;
  readonly #amender: RunAmender;
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
    this.#amender = new RunAmender({ runHistory, systemLayout, documents });
  }

  /** Makes missing indexes of collections that are there. */
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
    return this.#amender.amend(amendment);
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

  /** What a database needs before the first run comes into it. */
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
