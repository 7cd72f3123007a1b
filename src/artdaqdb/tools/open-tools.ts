import { join, resolve } from 'node:path';
import type { BackendServices, NativeArtdaqDb } from '../backend.ts';
import { BulkTools } from './bulk-tools.ts';
import { LocalHost } from './local-host.ts';
import { PrivateDirectories } from './private-directories.ts';
import { RemoteHost } from './remote/remote-host.ts';
import type { ToolDatabase, ToolHost } from './tool-host.ts';

/** Where the tools run. */
export interface ToolParameters {
  /** On this machine if absent. */
  readonly remoteHost?: string | undefined;
  readonly sshVerifyHost?: boolean;
}

/** What the tools use of this machine. */
export interface ToolServices extends BackendServices {
  readonly workDir: string;
  /** The site's own programs and shared libraries. */
  readonly libDirectory: string;
}

/** The tools of a configuration, without a database. */
export interface ToolSetup {
  readonly host: ToolHost;
  readonly directories: PrivateDirectories;
}

/**
 * A database that bulkloader and bulkdownloader write and export.
 * @param native reads the same database
 * @throws ConfigurationError if the host's name can't be used
 */
export function openTools(
  native: NativeArtdaqDb,
  parameters: ToolParameters,
  services: ToolServices,
  database: ToolDatabase,
): BulkTools {
  const { logger } = services;
  return new BulkTools({ native, ...openToolHost(parameters, services, database), logger });
}

/**
 * The machine that the tools run on, and where they work.
 * @throws ConfigurationError if the host's name can't be used
 */
export function openToolHost(
  { remoteHost, sshVerifyHost = true }: ToolParameters,
  { env, logger, libDirectory, workDir }: ToolServices,
  database: ToolDatabase,
): ToolSetup {
  const host =
    remoteHost === undefined
      ? new LocalHost({ ...database, env, logger, libDirectory })
      : new RemoteHost({ ...database, remoteHost, verifyHostKey: sshVerifyHost, env, logger });
  const root = join(resolve(workDir), 'artdaqdb_tools');
  return { host, directories: new PrivateDirectories(root, database.databaseUri, logger) };
}
