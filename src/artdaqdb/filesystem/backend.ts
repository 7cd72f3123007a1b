import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { checkMayWrite, spaceAt, type Usability } from '../../files/directory-access.ts';
import type { Backend } from '../backend.ts';
import { SYSTEM_METADATA, thisOrigin } from '../database-description.ts';
import { CollectionStore } from './collection-store.ts';
import { privateDirectory } from './database-directories.ts';
import { asDatabaseError, realFiles } from './database-files.ts';
import { databasePath } from './database-path.ts';
import { FilesystemDb } from './filesystem-db.ts';
import { noLists } from './index/index-layout.ts';

const PARAMETER = 'artdaq_db.database_uri';

/** artdaqDB as a directory of JSON files. */
export const filesystemBackend: Backend = {
  form: 'filesystemdb:///absolute/path/of/database',
  // The path may begin with a variable, which `databasePath` expands.
  accepts: (uri) => /^filesystemdb:\/\/(?:\/+[^/\0]|\$)[^\0]*$/.test(uri),
  location: (uri) => uri,
  directory: databasePath,
  hosts: () => [],
  hider: () => (text) => text,
  open: (uri, { env, logger, runLists }) =>
    new FilesystemDb(databasePath(uri, env), { logger, origin: thisOrigin(env.USER ?? ''), runLists }),
  check: async (uri, { env }) => checkFilesystemDb(databasePath(uri, env)),
  // Written out: the tools would expand variables in it.
  uriForTools: (uri, env) => `filesystemdb://${databasePath(uri, env)}`,
  // Two threads lose entries of the index without a word.
  takesThreads: false,
};

/**
 * Finds out whether a FilesystemDB can be read and written, or made, without writing anything: the C++ tools take every file
 * in it for a document.
 * @throws ConfigurationError or ArtdaqDbError saying what keeps it from being used
 */
async function checkFilesystemDb(directory: string): Promise<Usability> {
  const place = await checkMayWrite(directory, PARAMETER);
  const space = await spaceAt(place.path, PARAMETER);
  if (!place.exists) return { ...space, text: `will be made by the first run${space.text}` };
  const collections = ['RunHistory', 'SystemLayout'] as const;
  for (const name of [...collections, SYSTEM_METADATA]) await checkMayWrite(join(directory, name), PARAMETER);
  await checkMayWrite(privateDirectory(directory), PARAMETER);
  try {
    for (const name of collections) {
      await new CollectionStore(directory, name, realFiles, wait).index.read(noLists);
    }
  } catch (error) {
    throw asDatabaseError(error, `${directory} can't be read`);
  }
  const { length } = await new FilesystemDb(directory).listRuns();
  return { ...space, text: `readable and writable, ${length} runs${space.text}` };
}
