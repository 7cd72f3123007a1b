import { MongoServerError } from 'mongodb';
import type { Environment } from '../../environment.ts';
import { ArtdaqDbError } from '../../errors.ts';
import type { Collection } from '../../fhicl/document.ts';
import type { Usability } from '../../files/directory-access.ts';
import type { MongoAddress } from './address.ts';
import { connectTo, type MongoConnection } from './connection.ts';
import { asArtdaqDbError } from './errors.ts';
import { MongoCollection } from './mongo-collection.ts';
import { missingRights } from './privileges.ts';
import { RunReader } from './run-reader.ts';

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
