import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const RECORDS = join(import.meta.dirname, '../fixtures/golden/records');

/** Directories of the FilesystemDBs that bulkloader made. */
export function goldenDatabases(): string[] {
  return readdirSync(RECORDS, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(RECORDS, entry.name, 'db'));
}
