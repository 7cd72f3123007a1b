import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const STAMP = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d{4}/g;
/** The last indexes that were replaced; their names tell when. */
const REPLACED_INDEX = /^SystemMetadata\/\.run-record-archiver\/replaced-/;

/**
 * Everything below a FilesystemDB by path, with a placeholder for each timestamp; of an index the lists by map and value, as
 * the order in which values came is none of its content.
 */
export async function databaseContent(database: string): Promise<Map<string, unknown>> {
  const content = new Map<string, unknown>();
  const entries = await readdir(database, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name).slice(database.length + 1);
    if (REPLACED_INDEX.test(path)) continue;
    content.set(...(await pathAndContent(database, path, entry.isDirectory())));
  }
  return content;
}

/** It holds the time at which the indexes were written. */
const VERIFIED_STATE = 'SystemMetadata/.run-record-archiver/verified.json';

async function pathAndContent(
  database: string,
  path: string,
  isDirectory: boolean,
): Promise<[string, unknown]> {
  if (isDirectory) return [`${path}/`, 'directory'];
  if (path === VERIFIED_STATE) return [path, 'file'];
  // Its document has a random id and tells when and where the database was made.
  if (/^SystemMetadata\/[0-9a-f]{24}\.json$/.test(path)) return ['SystemMetadata/document', 'file'];
  const text = (await readFile(join(database, path), 'utf8')).replaceAll(STAMP, 'STAMP');
  return [path, path.endsWith('index.json') ? indexContent(text) : text];
}

/** The same documents written a millisecond apart or not have two stamps or one. */
function indexContent(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) =>
    Array.isArray(value) && value[0] === 'STAMP' ? ['STAMP'] : value,
  );
}
