import type { MongoClientOptions } from 'mongodb';
import type { Environment } from '../../environment.ts';
import { ConfigurationError, messageOf } from '../../errors.ts';
import { readRegularFile } from '../../files/regular-file.ts';
import type { MongoAddress } from './address.ts';

/** File with certificate and key of the client; the C++ tools use the same variables. */
const CLIENT_CERTIFICATE = 'ARTDAQ_DATABASE_CLIENT_CERT';
/** File with the certificates of the authority that signed the server's. */
const AUTHORITY = 'ARTDAQ_DATABASE_CA_CERT';

/** How long we wait before a server counts as unreachable or hanging, unless the URI says otherwise. */
const TIME_LIMITS = {
  serverSelectionTimeoutMS: 10_000,
  connectTimeoutMS: 10_000,
  socketTimeoutMS: 60_000,
  waitQueueTimeoutMS: 60_000,
};
/** Each insert or export reads two collections at a time, and there are rarely more than ten workers. */
const MOST_CONNECTIONS = 20;

/**
 * What the driver is to be told besides the URI, whose own options are left as they are.
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
    // Nothing that the driver finds in our environment may change what it logs.
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
