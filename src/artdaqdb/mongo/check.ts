import { MongoServerError } from 'mongodb';
import type { Environment } from '../../environment.ts';
import { ArtdaqDbError } from '../../errors.ts';
import type { Collection } from '../../fhicl/document.ts';
import type { Usability } from '../../files/directory-access.ts';
import type { CheckLimits } from '../backend.ts';
import type { MongoAddress } from './address.ts';
import { MongoCollection } from './collection.ts';
import { connectTo, type MongoConnection } from './connection.ts';
import { asArtdaqDbError } from './faults.ts';
import { RunReader } from './run-reader.ts';

/** The database and how long to ask. */
interface CheckedDatabase extends CheckLimits {
  readonly address: MongoAddress;
  readonly env: Environment;
  readonly warn: (message: string) => void;
}

/**
 * Connects, logs in, lists the runs and asks the server whether the account may write; writes nothing.
 * @throws ConfigurationError or ArtdaqDbError saying what keeps the database from being used
 */
export async function checkMongoDb({
  address,
  env,
  warn,
  limitMs,
  signal,
}: CheckedDatabase): Promise<Usability> {
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

/** Servers that merely speak MongoDB's protocol may not know the command. */
async function connectionStatus({ database }: MongoConnection): Promise<unknown> {
  try {
    return await database.command({ connectionStatus: 1, showPrivileges: true });
  } catch (error) {
    if (error instanceof MongoServerError) return undefined;
    throw error;
  }
}

/** What an account may do on a part of the server (`authenticatedUserPrivileges` of `connectionStatus`). */
interface Privilege {
  readonly resource: Readonly<Record<string, unknown>>;
  readonly actions: readonly string[];
}

/** Our account, as far as the server tells. */
interface AccountStatus {
  readonly users: number;
  readonly privileges: readonly Privilege[];
}

/** The collections that hold runs, and what we do there. */
const COLLECTIONS = ['RunHistory', 'SystemLayout'];
const ACTIONS = ['find', 'insert', 'update', 'remove'];

/**
 * What the account lacks to store runs in a database, such as `insert on RunHistory`. A server that lets us read without a login
 * lets everybody do everything.
 * @param answer of `{ connectionStatus: 1, showPrivileges: true }`
 * @returns undefined if the server doesn't tell
 */
export function missingRights(answer: unknown, database: string): string[] | undefined {
  const status = accountStatus(answer);
  if (status === undefined) return undefined;
  if (status.users === 0) return [];
  return COLLECTIONS.flatMap((collection) =>
    ACTIONS.filter((action) => !isAllowed(status.privileges, action, database, collection)).map(
      (action) => `${action} on ${collection}`,
    ),
  );
}

function isAllowed(
  privileges: readonly Privilege[],
  action: string,
  database: string,
  collection: string,
): boolean {
  return privileges.some(
    ({ resource, actions }) =>
      (actions.includes(action) || actions.includes('anyAction')) &&
      (resource.anyResource === true ||
        (isAnyOr(resource.db, database) && isAnyOr(resource.collection, collection))),
  );
}

/** An empty name stands for all. */
function isAnyOr(given: unknown, name: string): boolean {
  return given === '' || given === name;
}

function accountStatus(answer: unknown): AccountStatus | undefined {
  const status = memberOf(answer, 'authInfo');
  const users = memberOf(status, 'authenticatedUsers');
  const privileges = memberOf(status, 'authenticatedUserPrivileges');
  if (!Array.isArray(users)) return undefined;
  if (users.length === 0) return { users: 0, privileges: [] };
  if (!Array.isArray(privileges)) return undefined;
  return { users: users.length, privileges: privileges.flatMap(privilegeOf) };
}

function privilegeOf(value: unknown): Privilege[] {
  const resource = memberOf(value, 'resource');
  const actions = memberOf(value, 'actions');
  if (typeof resource !== 'object' || resource === null || !Array.isArray(actions)) return [];
  return [{ resource: { ...resource }, actions: actions.filter((action) => typeof action === 'string') }];
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return new Map<string, unknown>(Object.entries(value)).get(name);
}
