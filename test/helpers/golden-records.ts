import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const RECORDS = join(import.meta.dirname, '../fixtures/golden/records');

/** A run of the golden data: `directory` holds `source/`, `prepared/`, `exported/`, `blob.txt`, maybe `update/`. */
export interface GoldenRun {
  readonly run: number;
  readonly config: string;
  /** False where the reference prepared documents that are not FHiCL, so that its output is no model. */
  readonly loaded: boolean;
  readonly directory: string;
}

interface SummaryEntry {
  readonly run: string;
  readonly config_name: string;
  readonly load_rc: number;
}

/** All runs of the golden data. */
export function goldenRuns(): GoldenRun[] {
  return readdirSync(RECORDS)
    .filter((set) => existsSync(join(RECORDS, set, 'summary.json')))
    .flatMap((set) => {
      const summary: Record<string, SummaryEntry> = JSON.parse(
        readFileSync(join(RECORDS, set, 'summary.json'), 'utf8'),
      );
      return Object.values(summary).map((entry) => ({
        run: Number(entry.run),
        config: entry.config_name,
        loaded: entry.load_rc === 0,
        directory: join(RECORDS, set, 'runs', entry.run),
      }));
    });
}

/** Directories of the FilesystemDBs that bulkloader made. */
export function goldenDatabases(): string[] {
  return readdirSync(RECORDS, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(RECORDS, entry.name, 'db'));
}
