import { type Db, MongoServerError } from 'mongodb';
import type { Environment } from '../../environment.ts';
import { ArtdaqDbError } from '../../errors.ts';
import type { Collection } from '../../fhicl/document.ts';
import type { Usability } from '../../files/directory-access.ts';
import { type DatabaseOrigin, metadataContent, SYSTEM_METADATA } from '../database-description.ts';
import type { MongoAddress } from './address.ts';
import { connectTo, type MongoConnection } from './connection.ts';
import { asArtdaqDbError } from './errors.ts';
import { CONFIGURATION_NAMES, MAJORITY, MongoCollection } from './mongo-collection.ts';
import { missingRights } from './privileges.ts';
import { RunReader } from './run-reader.ts';

/** The collections whose documents are looked up by configuration name. */
const COLLECTIONS = ['RunHistory', 'SystemLayout'];
const NAMESPACE_NOT_FOUND = 26;

/** Brings a database into the state in which runs are found quickly and the C++ tools know it. */
export interface DatabaseSetup {
  readonly database: Db;
  /** For a failure that keeps nobody from working: the indexes only make it fast. */
  readonly warn: (what: string, error: unknown) => void;
}

/**
 * Makes an index on the configuration names, if there is none, so that documents are found by exact name. It is never
 * unique: several documents have a run's name, and the database is shared. Failures are only warned of.
 * @param includeMissing make the collections too, if they aren't there
 */
export async function ensureIndexes(setup: DatabaseSetup, includeMissing: boolean): Promise<void> {
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

/** Stores the one document about the database, as the C++ tools do on first use. Failures are only warned of. */
export async function ensureMetadata(
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

/** What the check works with. */
export interface MongoAccess {
  readonly address: MongoAddress;
  readonly env: Environment;
  readonly warn: (message: string) => void;
  /** Milliseconds without an answer after which the server counts as dead, whatever the URI says. */
  readonly limitMs: number;
  /** Aborted = nobody waits any longer. */
  readonly signal: AbortSignal;
}

/**
 * Connects, logs in, lists the runs and asks the server whether the account may write; writes nothing.
 * @throws ConfigurationError or ArtdaqDbError saying what keeps the database from being used
 */
export async function checkMongoDb({ address, env, warn, limitMs, signal }: MongoAccess): Promise<Usability> {
  const connection = await connectTo(address, env, warn, limitMs);
  const giveUp = (): void => void connection.close();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    const collection = (name: Collection) => new MongoCollection(connection, name, address.location);
    const reader = new RunReader(collection('RunHistory'), collection('SystemLayout'));
    const { length } = await reader.listRuns();
    const lacking = missingRights(await connectionStatus(connection), connection.database.databaseName);
    if (lacking === undefined) {
      return { text: `${length} runs; the server doesn't tell whether we may write` };
    }
    if (lacking.length === 0) return { text: `readable and writable, ${length} runs` };
    throw new ArtdaqDbError(
      `the account of artdaq_db.database_uri may not ${lacking.join(', ')} (${length} runs can be read); it needs the role readWrite on ${connection.database.databaseName}`,
      { fault: 'site' },
    );
  } catch (error) {
    throw asArtdaqDbError(error, { address, what: 'artdaqDB can not be used' });
  } finally {
    signal.removeEventListener('abort', giveUp);
    await connection.close();
  }
}

/** Servers that only speak MongoDB's protocol may not know the command. */
async function connectionStatus({ database }: MongoConnection): Promise<unknown> {
  try {
    return await database.command({ connectionStatus: 1, showPrivileges: true });
  } catch (error) {
    if (error instanceof MongoServerError) return undefined;
    throw error;
  }
}
