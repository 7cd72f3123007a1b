import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { checkMayWrite, spaceAt, type Usability } from '../../files/directory-access.ts';
import { SYSTEM_METADATA } from '../database-description.ts';
import { CollectionStore } from './collection-store.ts';
import { privateDirectory } from './database-directories.ts';
import { asDatabaseError, realFiles } from './database-files.ts';
import { FilesystemDb } from './filesystem-db.ts';
import { noLists } from './index/index-scan.ts';

const PARAMETER = 'artdaq_db.database_uri';

/**
 * Finds out whether a FilesystemDB can be read and written, or made, without writing anything: the C++ tools take every file
 * in it for a document.
 * @throws ConfigurationError or ArtdaqDbError saying what keeps it from being used
 */
export async function checkFilesystemDb(directory: string): Promise<Usability> {
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
