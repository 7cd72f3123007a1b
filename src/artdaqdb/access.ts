import { isMongoUri } from '../config/uri.ts';
import type { Environment } from '../environment.ts';
import type { Usability } from '../files/directory-access.ts';
import { databasePath } from './filesystem/database-path.ts';
import { mongoAddress } from './mongo/address.ts';
import type { ArtdaqDbParameters, ArtdaqDbServices } from './open.ts';
import { openToolHost } from './tools/open-tools.ts';
import { refuseDirectory } from './tools/tool-names.ts';

/** Where the database is as the configuration has it, without user and password. */
export function databaseLocation(uri: string): string {
  return isMongoUri(uri) ? mongoAddress(uri).location : uri;
}

/** The hosts that a URI names, to be looked up by the system: none of a FilesystemDB, nor of `mongodb+srv`. */
export function databaseHosts(uri: string): string[] {
  const [, hosts = ''] = /^mongodb:\/\/([^/]*)/.exec(databaseLocation(uri)) ?? [];
  return hosts.split(',').flatMap((host) => host.replace(/:\d+$/, '') || []);
}

/**
 * Finds out whether the database can be read and written, without writing anything.
 * @param limits time without an answer after which a server counts as dead; aborted = nobody waits any longer
 * @throws ConfigurationError or ArtdaqDbError saying what keeps it from being used
 */
export async function checkDatabase(
  { databaseUri: uri }: ArtdaqDbParameters,
  { env, logger }: ArtdaqDbServices,
  { limitMs, signal }: { readonly limitMs: number; readonly signal: AbortSignal },
): Promise<Usability> {
  if (isMongoUri(uri)) return checkMongo(uri, env, { limitMs, signal, warn: (text) => logger.warning(text) });
  const { checkFilesystemDb } = await import('./filesystem/check-filesystem-db.ts');
  return checkFilesystemDb(databasePath(uri, env));
}

/**
 * Finds out whether bulkloader and bulkdownloader are there and can be started; they do nothing.
 * @param limitSeconds that this may take
 * @returns where they were found
 * @throws ConfigurationError or ArtdaqDbError saying what is missing
 */
export async function checkTools(
  parameters: ArtdaqDbParameters,
  services: ArtdaqDbServices,
  limitSeconds: number,
): Promise<string> {
  const { databaseUri } = parameters;
  const hide = isMongoUri(databaseUri) ? { hide: mongoAddress(databaseUri).hide } : {};
  const { host, directories } = openToolHost(parameters, services, { databaseUri, threads: 1, ...hide });
  refuseDirectory(directories.own);
  return host.tryOut(limitSeconds);
}

async function checkMongo(
  uri: string,
  env: Environment,
  options: {
    readonly limitMs: number;
    readonly signal: AbortSignal;
    readonly warn: (message: string) => void;
  },
): Promise<Usability> {
  const { checkMongoDb } = await import('./mongo/database-setup.ts');
  return checkMongoDb({ address: mongoAddress(uri), env, ...options });
}
