import { dirname, join } from 'node:path';
import { syncDirectory } from '../../../persistence/atomic-file.ts';
import type { DatabaseFiles } from './database-files.ts';
import { SYSTEM_METADATA } from './database-metadata.ts';

/** Makes the database directory and its collections where they are missing, durably. */
export async function ensureDirectories(database: string, files: DatabaseFiles): Promise<void> {
  for (const name of [SYSTEM_METADATA, 'RunHistory', 'SystemLayout']) {
    const directory = join(database, name);
    const firstMade = await files.mkdir(directory, { recursive: true });
    if (firstMade === undefined) continue;
    for (let parent = dirname(directory); ; parent = dirname(parent)) {
      await syncDirectory(parent, files);
      if (parent === dirname(firstMade)) break;
    }
  }
}
