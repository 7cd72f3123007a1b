import { type Db, MongoClient, type MongoClientOptions } from 'mongodb';
import type { Environment } from '../../environment.ts';
import { ConfigurationError, messageOf } from '../../errors.ts';
import type { MongoAddress } from './address.ts';
import { clientOptions } from './client-options.ts';
import { asArtdaqDbError } from './errors.ts';

/** A connected client. */
export interface MongoConnection {
  readonly database: Db;
  /** The largest document that the server takes, in bytes. */
  readonly largestDocument: number;
  /** Does the server take names with dots (MongoDB 5.0 and later)? */
  readonly takesDottedNames: boolean;
  close(): Promise<void>;
}

/** `maxWireVersion` of MongoDB 5.0. */
const WIRE_VERSION_5_0 = 13;
const LARGEST_DOCUMENT = 16 * 1024 * 1024;

/**
 * Connects and authenticates.
 * @param limitMs without an answer after which the server counts as dead, in place of what the URI says
 * @throws ConfigurationError if the URI or a certificate can't be used; ArtdaqDbError if the server can't be reached or refuses us
 */
export async function connectTo(
  address: MongoAddress,
  env: Environment,
  warn: (message: string) => void,
  limitMs?: number,
): Promise<MongoConnection> {
  const options = { ...(await clientOptions(address, env, warn)), ...limitsOf(limitMs) };
  const client = makeClient(address, options);
  const database = client.db();
  try {
    await client.connect();
    const hello = await database.command({ hello: 1 });
    return {
      database,
      largestDocument: numberOr(hello.maxBsonObjectSize, LARGEST_DOCUMENT),
      takesDottedNames: numberOr(hello.maxWireVersion, 0) >= WIRE_VERSION_5_0,
      close: () => client.close(),
    };
  } catch (error) {
    await client.close();
    throw asArtdaqDbError(error, { address, what: 'artdaqDB can not be used', fault: 'site' });
  }
}

function limitsOf(milliseconds: number | undefined): MongoClientOptions {
  if (milliseconds === undefined) return {};
  return {
    serverSelectionTimeoutMS: milliseconds,
    connectTimeoutMS: milliseconds,
    socketTimeoutMS: milliseconds,
    waitQueueTimeoutMS: milliseconds,
  };
}

function makeClient(address: MongoAddress, options: MongoClientOptions): MongoClient {
  try {
    return new MongoClient(address.uri, options);
  } catch (error) {
    throw new ConfigurationError(
      `artdaq_db.database_uri (${address.location}) can't be used: ${address.hide(messageOf(error))}`,
    );
  }
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}
