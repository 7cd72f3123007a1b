import { hostname, machine, release, type as systemName, version } from 'node:os';
import { join } from 'node:path';
import { formatTimestamp } from '../../../fhicl/document.ts';
import { syncDirectory, writeFileAtomic } from '../../../persistence/atomic-file.ts';
import { undefinedIfMissing } from '../../../system-error.ts';
import { randomObjectId } from '../object-id.ts';
import type { DatabaseFiles } from './database-files.ts';
import { FRESH_INDEX } from './index-text.ts';

/** The collection whose one document describes the database. */
export const SYSTEM_METADATA = 'SystemMetadata';

/** A temporary file of a document or index; not the lock, whose names begin otherwise. */
const LEFTOVER = /^\.(?:[0-9a-f]{24}|index)\.json\..*\.archiver-tmp$/;
const LOCALE = 'en_US.UTF-8';
const DATABASE_FORMAT = 3;

/** Where and by whom a database is made, as its metadata document records it. */
export interface DatabaseOrigin {
  readonly user: string;
  readonly uname: {
    readonly sysname: string;
    readonly nodename: string;
    readonly release: string;
    readonly version: string;
    readonly machine: string;
  };
}

/** This machine. */
export function thisOrigin(user: string): DatabaseOrigin {
  return {
    user,
    uname: {
      sysname: systemName(),
      nodename: hostname(),
      release: release(),
      version: version(),
      machine: machine(),
    },
  };
}

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

/** What the metadata document says of the database, in the order of the C++ tools. */
export function metadataContent(location: string, origin: DatabaseOrigin, now: Date) {
  return {
    name: 'artdaq',
    uri: location,
    locale: LOCALE,
    create_time: formatTimestamp(now),
    create_user: origin.user,
    uname: origin.uname,
    database_format: DATABASE_FORMAT,
  };
}
