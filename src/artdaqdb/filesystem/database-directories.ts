import { dirname, join } from 'node:path';
import { syncDirectory, writeFileAtomic } from '../../files/atomic-file.ts';
import { errorCode, undefinedIfMissing } from '../../system-error.ts';
import { type DatabaseOrigin, metadataContent, SYSTEM_METADATA } from '../database-description.ts';
import { randomObjectId } from '../stored-document.ts';
import { type DatabaseFiles, toleratingExistence } from './database-files.ts';
import { FRESH_INDEX } from './index/index-entry.ts';

/**
 * The directory for this project's own files. The C++ tools take each file in SystemMetadata for a document, but ignore
 * directories.
 */
export function privateDirectory(database: string): string {
  return join(database, SYSTEM_METADATA, '.run-record-archiver');
}

/** Makes the database directory, its collections and our own directory where they are missing, durably. */
export async function ensureDirectories(database: string, files: DatabaseFiles): Promise<void> {
  for (const name of [SYSTEM_METADATA, 'RunHistory', 'SystemLayout']) {
    await ensureDirectory(join(database, name), files);
  }
  await ensureDirectory(privateDirectory(database), files);
}

/** Step by step: Node's recursive `mkdir` says "no such file" where a file system is read-only. */
async function ensureDirectory(path: string, files: DatabaseFiles): Promise<void> {
  if (await isDirectory(path, files)) return;
  const parent = dirname(path);
  try {
    await files.mkdir(path);
  } catch (error) {
    if (errorCode(error) === 'EEXIST' && (await isDirectory(path, files))) return;
    if (errorCode(error) !== 'ENOENT' || parent === path) throw error;
    // Another process may have made it meanwhile.
    await ensureDirectory(parent, files);
    await files.mkdir(path).catch(toleratingExistence);
  }
  await syncDirectory(parent, files);
}

async function isDirectory(path: string, files: DatabaseFiles): Promise<boolean> {
  return (await files.stat(path).catch(undefinedIfMissing))?.isDirectory() ?? false;
}

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
