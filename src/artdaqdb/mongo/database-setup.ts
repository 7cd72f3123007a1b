import { type Db, MongoServerError } from 'mongodb';
import { type DatabaseOrigin, metadataContent, SYSTEM_METADATA } from '../database-description.ts';
import { CONFIGURATION_NAMES, MAJORITY } from './mongo-collection.ts';

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
