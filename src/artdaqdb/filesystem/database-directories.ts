import { dirname, join } from 'node:path';
import { syncDirectory } from '../../files/atomic-file.ts';
import { errorCode, undefinedIfMissing } from '../../system-error.ts';
import { SYSTEM_METADATA } from '../database-description.ts';
import { type DatabaseFiles, toleratingExistence } from './database-files.ts';

/**
 * Where this project keeps what only it needs. The C++ tools take every file in SystemMetadata for a document, but don't look
 * at directories.
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
    // It may have been made by another process in the meantime.
    await ensureDirectory(parent, files);
    await files.mkdir(path).catch(toleratingExistence);
  }
  await syncDirectory(parent, files);
}

async function isDirectory(path: string, files: DatabaseFiles): Promise<boolean> {
  return (await files.stat(path).catch(undefinedIfMissing))?.isDirectory() ?? false;
}
