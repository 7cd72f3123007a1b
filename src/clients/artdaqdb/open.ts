import type { Environment } from '../../environment.ts';
import { ConfigurationError } from '../../errors.ts';
import type { Logger } from '../../services/logger.ts';
import type { ArtdaqDb } from './artdaqdb.ts';
import { thisOrigin } from './filesystem/database-metadata.ts';
import { databasePath } from './filesystem/database-path.ts';
import { FilesystemDb } from './filesystem-db.ts';
import { MongoDb } from './mongo-db.ts';

/** The parameters of section `artdaq_db` that choose the implementation. */
export interface ArtdaqDbParameters {
  readonly databaseUri: string;
  readonly useTools: boolean;
}

/** What the database is opened with besides its parameters. */
export interface ArtdaqDbServices {
  readonly env: Environment;
  readonly logger: Logger;
}

/**
 * The database that the configuration names. Nothing is contacted or made yet.
 * @throws ConfigurationError naming the parameter that can't be used; never shows user or password of a URI
 */
export function openArtdaqDb(parameters: ArtdaqDbParameters, { env, logger }: ArtdaqDbServices): ArtdaqDb {
  const uri = parameters.databaseUri;
  if (parameters.useTools) {
    throw new ConfigurationError(
      'artdaq_db.use_tools: true (bulkloader and bulkdownloader) is not available in this version yet; set it to false',
    );
  }
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(uri)?.[1];
  switch (scheme) {
    case 'filesystemdb':
      return new FilesystemDb(databasePath(uri, env), { logger, origin: thisOrigin(env.USER ?? '') });
    case 'mongodb':
    case 'mongodb+srv':
      return new MongoDb(uri, { logger, env, origin: thisOrigin(env.USER ?? '') });
    default:
      throw new ConfigurationError(
        `artdaq_db.database_uri must start with filesystemdb://, mongodb:// or mongodb+srv://, ` +
          (scheme === undefined ? 'and has no scheme' : `not with ${scheme}://`),
      );
  }
}
