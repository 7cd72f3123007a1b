import { ConfigurationError } from '../errors.ts';
import type { ArtdaqDb } from './artdaqdb.ts';
import { thisOrigin } from './database-description.ts';
import { databasePath } from './filesystem/database-path.ts';
import { FilesystemDb } from './filesystem/filesystem-db.ts';
import { MongoDb } from './mongo/mongo-db.ts';
import { type ToolServices, toolsOnFilesystemDb, toolsOnMongoDb } from './tools/open-tools.ts';

/** The parameters of section `artdaq_db` that choose the implementation. */
export interface ArtdaqDbParameters {
  readonly databaseUri: string;
  readonly useTools: boolean;
  /** Where the tools run; on this machine if absent. */
  readonly remoteHost?: string | undefined;
  readonly sshVerifyHost?: boolean;
}

/** What the database is opened with besides its parameters. */
export type ArtdaqDbServices = ToolServices;

/**
 * The database that the configuration names. Nothing is contacted or made yet.
 * @throws ConfigurationError naming the parameter that can't be used; never shows user or password of a URI
 */
export function openArtdaqDb(parameters: ArtdaqDbParameters, services: ArtdaqDbServices): ArtdaqDb {
  const { env, logger } = services;
  const { databaseUri: uri, useTools } = parameters;
  const origin = thisOrigin(env.USER ?? '');
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(uri)?.[1];
  switch (scheme) {
    case 'filesystemdb': {
      const database = new FilesystemDb(databasePath(uri, env), { logger, origin });
      return useTools ? toolsOnFilesystemDb(database, parameters, services) : database;
    }
    case 'mongodb':
    case 'mongodb+srv': {
      const database = new MongoDb(uri, { logger, env, origin });
      return useTools ? toolsOnMongoDb(database, parameters, services) : database;
    }
    default:
      throw new ConfigurationError(
        `artdaq_db.database_uri must start with filesystemdb://, mongodb:// or mongodb+srv://, ` +
          (scheme === undefined ? 'and has no scheme' : `not with ${scheme}://`),
      );
  }
}
