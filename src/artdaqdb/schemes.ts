import { ConfigurationError } from '../errors.ts';
import type { ArtdaqDb } from './artdaqdb.ts';
import type { Backend } from './backend.ts';
import { filesystemBackend } from './filesystem/backend.ts';
import { mongoBackend } from './mongo/backend.ts';
import { openToolHost, openTools, type ToolParameters, type ToolServices } from './tools/open-tools.ts';
import { refuseDirectory } from './tools/tool-limits.ts';

/** Each URI scheme and what implements it. A new kind of database is a folder beside this file and its lines here. */
const BACKENDS: ReadonlyMap<string, Backend> = new Map([
  ['filesystemdb', filesystemBackend],
  ['mongodb', mongoBackend],
  ['mongodb+srv', mongoBackend],
]);

/** The parameters of section `artdaq_db` that choose the database and who writes it. */
export interface ArtdaqDbParameters extends ToolParameters {
  readonly databaseUri: string;
  readonly useTools: boolean;
}

/** What the database is opened with besides its parameters. */
export type ArtdaqDbServices = ToolServices;

/** What `database_uri` may be. */
export const databaseUriForms = [...new Set(BACKENDS.values())].map(({ form }) => form).join(', or ');

/** Has a text one of the {@link databaseUriForms}? */
export function isDatabaseUri(uri: string): boolean {
  return BACKENDS.get(schemeOf(uri) ?? '')?.accepts(uri) ?? false;
}

/**
 * What implements the database of a URI.
 * @throws ConfigurationError if nothing does
 */
export function backendOf(uri: string): Backend {
  const scheme = schemeOf(uri);
  const backend = BACKENDS.get(scheme ?? '');
  if (backend !== undefined) return backend;
  const known = [...BACKENDS.keys()].map((each) => `${each}://`);
  throw new ConfigurationError(
    `artdaq_db.database_uri must start with ${known.slice(0, -1).join(', ')} or ${known.at(-1)}, ` +
      (scheme === undefined ? 'and has no scheme' : `not with ${scheme}://`),
  );
}

/**
 * The database that the configuration names. Nothing is contacted or made yet.
 * @throws ConfigurationError naming the parameter that can't be used; never shows user or password of a URI
 */
export function openArtdaqDb(parameters: ArtdaqDbParameters, services: ArtdaqDbServices): ArtdaqDb {
  const { databaseUri, useTools } = parameters;
  const backend = backendOf(databaseUri);
  const native = backend.open(databaseUri, services);
  if (!useTools) return native;
  return openTools(native, parameters, services, {
    databaseUri: backend.uriForTools(databaseUri, services.env),
    takesThreads: backend.takesThreads,
    hide: backend.hider(databaseUri),
  });
}

/**
 * Finds out whether bulkloader and bulkdownloader can be started; they do nothing.
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
  const { takesThreads, hider } = backendOf(databaseUri);
  const tools = { databaseUri, takesThreads, hide: hider(databaseUri) };
  const { host, directories } = openToolHost(parameters, services, tools);
  refuseDirectory(directories.own);
  return host.tryOut(limitSeconds);
}

function schemeOf(uri: string): string | undefined {
  return /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(uri)?.[1];
}
