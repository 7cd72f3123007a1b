import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import type { Environment } from '../../environment.ts';
import { GuardedFile } from '../../lock/guarded-file.ts';
import type { Logger } from '../../log/logger.ts';
import type { RunNumber } from '../../runs/run-number.ts';
import type { FilesystemDb } from '../filesystem/filesystem-db.ts';
import { mongoAddress } from '../mongo/address.ts';
import type { NativeArtdaqDb } from '../native.ts';
import { BulkTools, type BulkToolsOptions } from './bulk-tools.ts';
import { LocalHost, type LocalHostOptions } from './local-host.ts';
import { PrivateDirectories } from './private-directories.ts';
import { RemoteHost } from './remote/host.ts';
import type { ToolHost } from './tool-host.ts';

/** Where the tools run. */
export interface ToolParameters {
  readonly databaseUri: string;
  /** On this machine if absent. */
  readonly remoteHost?: string | undefined;
  readonly sshVerifyHost?: boolean;
}

/** What the tools get from this machine. */
export interface ToolServices {
  readonly env: Environment;
  readonly logger: Logger;
  readonly workDir: string;
  /** The site's own programs and shared libraries. */
  readonly libDirectory: string;
}

/** How a kind of database is used. */
type DatabaseParticulars = Pick<LocalHostOptions, 'databaseUri' | 'threads' | 'hide'> &
  Pick<BulkToolsOptions, 'exclusively'>;

/** Two at once lose entries of the index without a word. */
const FILESYSTEM_DB_THREADS = 1;

/** A FilesystemDB written and exported by the tools. */
export function toolsOnFilesystemDb(
  native: FilesystemDb,
  parameters: ToolParameters,
  services: ToolServices,
): BulkTools {
  return bulkTools(native, parameters, services, {
    // Written out: the tools would expand variables in it.
    databaseUri: native.location,
    threads: FILESYSTEM_DB_THREADS,
    exclusively: (run, config, work) => native.exclusively(run, config, work),
  });
}

/** A MongoDB written and exported by the tools. */
export function toolsOnMongoDb(
  native: NativeArtdaqDb,
  parameters: ToolParameters,
  services: ToolServices,
): BulkTools {
  const { databaseUri } = parameters;
  return bulkTools(native, parameters, services, {
    databaseUri,
    threads: Math.max(1, Math.floor(availableParallelism() / 2)),
    exclusively: (run, config, work) =>
      new GuardedFile(join(toolsDirectory(services), lockName(run, config))).exclusively(() =>
        // A server lists what it stores.
        work(async () => undefined),
      ),
    hide: mongoAddress(databaseUri).hide,
  });
}

/** The tools of a configuration, apart from any database work. */
export interface ToolSetup {
  readonly host: ToolHost;
  readonly directories: PrivateDirectories;
}

/**
 * The machine that the tools run on, and where they work.
 * @throws ConfigurationError if the host's name can't be used
 */
export function openToolHost(
  { remoteHost, sshVerifyHost = true }: ToolParameters,
  services: ToolServices,
  tools: Pick<LocalHostOptions, 'databaseUri' | 'threads' | 'hide'>,
): ToolSetup {
  const { env, logger, libDirectory } = services;
  const { databaseUri, hide } = tools;
  const host: ToolHost =
    remoteHost === undefined
      ? new LocalHost({ ...tools, env, logger, libDirectory })
      : new RemoteHost({
          remoteHost,
          verifyHostKey: sshVerifyHost,
          databaseUri,
          env,
          logger,
          ...(hide === undefined ? {} : { hide }),
        });
  return { host, directories: new PrivateDirectories(toolsDirectory(services), databaseUri, logger) };
}

function bulkTools(
  native: NativeArtdaqDb,
  parameters: ToolParameters,
  services: ToolServices,
  { exclusively, ...tools }: DatabaseParticulars,
): BulkTools {
  const { logger } = services;
  return new BulkTools({ native, ...openToolHost(parameters, services, tools), exclusively, logger });
}

function toolsDirectory({ workDir }: ToolServices): string {
  return join(resolve(workDir), 'artdaqdb_tools');
}

function lockName(run: RunNumber, config: string): string {
  return `load-${createHash('sha256').update(`${run}/${config}`).digest('hex').slice(0, 24)}`;
}
