import { join } from 'node:path';
import { syncDirectory, writeFileAtomic } from '../../files/atomic-file.ts';
import { undefinedIfMissing } from '../../system-error.ts';
import { type DatabaseOrigin, metadataContent, SYSTEM_METADATA } from '../database-description.ts';
import { randomObjectId } from '../object-id.ts';
import type { DatabaseFiles } from './database-files.ts';
import { FRESH_INDEX } from './index/index-text.ts';

/** A temporary file of a document or index; not the lock, whose names begin otherwise. */
const LEFTOVER = /^\.(?:[0-9a-f]{24}|index)\.json\..*\.archiver-tmp$/;

/**
 * Makes the collection SystemMetadata with its one document, as the C++ tools do on first use: they take a database
 * without that directory for new. Only the holder of the lock may call it.
 */
export async function ensureMetadata(
  database: string,
  location: string,
  origin: DatabaseOrigin,
  now: Date,
  files: DatabaseFiles,
): Promise<void> {
  const directory = join(database, SYSTEM_METADATA);
  const names = (await files.readdir(directory).catch(undefinedIfMissing)) ?? [];
  // The C++ tools take each file here for a document, so what a killed process left must go.
  for (const name of names.filter((each) => LEFTOVER.test(each))) await files.rm(join(directory, name));
  if (!names.some((name) => /^[0-9a-f]{24}\.json$/.test(name))) {
    const id = randomObjectId();
    const text = metadataText(id, location, origin, now);
    await writeFileAtomic(join(directory, `${id}.json`), text, { files, syncDirectory: false });
  } else if (names.includes('index.json')) {
    return;
  }
  if (!names.includes('index.json')) {
    await writeFileAtomic(join(directory, 'index.json'), FRESH_INDEX, { files, syncDirectory: false });
  }
  await syncDirectory(directory, files);
}

/** The metadata document; format: documentation/ARTDAQDB.md, "FilesystemDB on disk". */
function metadataText(id: string, location: string, origin: DatabaseOrigin, now: Date): string {
  const document = JSON.stringify(metadataContent(location, origin, now));
  return `{"document":${document},"_id": { "$oid":"${id}"}}`;
}
