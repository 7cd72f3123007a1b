import { type Db, MongoClient, type MongoClientOptions } from 'mongodb';
import type { Environment } from '../../environment.ts';
import { ConfigurationError, messageOf } from '../../errors.ts';
import { readRegularFile } from '../../files/regular-file.ts';
import type { MongoAddress } from './address.ts';
import { asArtdaqDbError } from './faults.ts';

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
 * @param limitMs after so many milliseconds without an answer the server counts as dead, whatever the URI says
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

/** File with certificate and key of the client; the C++ tools use the same variables. */
const CLIENT_CERTIFICATE = 'ARTDAQ_DATABASE_CLIENT_CERT';
/** File with the certificates of the authority that signed the server's. */
const AUTHORITY = 'ARTDAQ_DATABASE_CA_CERT';

/** How long to wait before a server counts as unreachable or hanging, unless the URI says otherwise. */
const TIME_LIMITS = {
  serverSelectionTimeoutMS: 10_000,
  connectTimeoutMS: 10_000,
  socketTimeoutMS: 60_000,
  waitQueueTimeoutMS: 60_000,
};
/** Each insert or export reads two collections at a time, and few sites use more than ten workers. */
const MOST_CONNECTIONS = 20;

/**
 * The driver's options besides those in the URI, which take precedence.
 * @throws ConfigurationError naming the variable if a certificate can't be read
 */
export async function clientOptions(
  address: MongoAddress,
  env: Environment,
  warn: (message: string) => void,
): Promise<MongoClientOptions> {
  const defaults = Object.entries({
    ...TIME_LIMITS,
    maxPoolSize: MOST_CONNECTIONS,
    appName: 'run-record-archiver',
  });
  return {
    ...Object.fromEntries(defaults.filter(([name]) => !has(address, name))),
    ...(await tlsOptions(address, env, warn)),
    // No variable of our environment may make the driver log anything.
    mongodbLogComponentSeverities: { default: 'off' },
  };
}

async function tlsOptions(
  address: MongoAddress,
  env: Environment,
  warn: (message: string) => void,
): Promise<MongoClientOptions> {
  const certificate = await fileOf(CLIENT_CERTIFICATE, env);
  const authority = await fileOf(AUTHORITY, env);
  if (certificate === undefined && authority === undefined) return {};
  if (address.tls === false) {
    warn(`artdaq_db.database_uri turns TLS off, so ${CLIENT_CERTIFICATE} and ${AUTHORITY} have no effect`);
    return {};
  }
  if (certificate === undefined && address.tls === undefined) {
    warn(`${AUTHORITY} has no effect without ${CLIENT_CERTIFICATE} or tls=true in artdaq_db.database_uri`);
    return {};
  }
  const options: MongoClientOptions = { tls: true };
  if (authority !== undefined && !has(address, 'tlsCAFile')) options.tlsCAFile = authority;
  if (certificate === undefined) return options;
  if (!has(address, 'tlsCertificateKeyFile')) options.tlsCertificateKeyFile = certificate;
  if (!has(address, 'authMechanism') && !address.hasUser) {
    options.authMechanism = 'MONGODB-X509';
    options.authSource = '$external';
  }
  return options;
}

async function fileOf(variable: string, env: Environment): Promise<string | undefined> {
  const path = env[variable];
  if (path === undefined || path === '') return undefined;
  try {
    await readRegularFile(path);
  } catch (error) {
    throw new ConfigurationError(
      `The environment variable ${variable} names a certificate that can't be read: ${messageOf(error)}; correct or unset it`,
      { cause: error },
    );
  }
  return path;
}

function has(address: MongoAddress, option: string): boolean {
  return address.options.has(option.toLowerCase());
}
