/**
 * Measures the FilesystemDB client.
 *
 *   node dist/tools/bench/filesystem-db.js insert <directory with *.fcl> [runs] [workers]
 *   node dist/tools/bench/filesystem-db.js fill <new database> [runs] [documents per run]
 *   node dist/tools/bench/filesystem-db.js grow <database> <directory with *.fcl>
 *
 * `insert` stores the files as so many runs of a throw-away database. `fill` makes a database whose indexes list so many
 * runs, without documents; `grow` adds two more.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { FilesystemDb } from '../../src/artdaqdb/filesystem/filesystem-db.ts';
import { exitCodes } from '../../src/exit.ts';
import type { FhiclFile } from '../../src/fhicl/fhicl-file.ts';
import { measure, readRecord, writeIndex } from './measurement.ts';

const FIRST_RUN = 20_000;

async function measureInserts(files: FhiclFile[], runs: number, workers: number): Promise<void> {
  const database = mkdtempSync(join(tmpdir(), 'bench-filesystem-db-'));
  const db = new FilesystemDb(database);
  const numbers = Array.from({ length: runs }, (_, place) => FIRST_RUN + place);
  const limit = pLimit(workers);
  try {
    await measure(`${runs} inserts of ${files.length} documents`, runs, () =>
      limit.map(numbers, (run) => db.insert(run, 'bench', files)),
    );
    await measure(`${runs} exports`, runs, () =>
      limit.map(numbers, async (run) => (await db.export(run)).length),
    );
  } finally {
    await db.close();
    rmSync(database, { recursive: true });
  }
}

async function measureGrowth(database: string, files: FhiclFile[]): Promise<void> {
  const db = new FilesystemDb(database);
  const runs = await db.listRuns();
  const next = (runs.at(-1) ?? 0) + 1;
  await measure('listing', runs.length, () => db.listRuns());
  await measure('one more run', 1, () => db.insert(next, 'bench', files));
  await measure('and another', 1, () => db.insert(next + 1, 'bench', files));
  await measure('its export', 1, () => db.export(next));
  await measure('another export', 1, () => db.export(next + 1));
  await db.close();
}

/** Makes an index as large as one of so many runs. */
function fillIndex(collection: string, runs: number, entities: readonly string[]): void {
  const numbers = Array.from({ length: runs }, (_, place) => FIRST_RUN + place);
  const entries = numbers.flatMap((run) =>
    entities.map((entity) => ({
      id: randomBytes(12).toString('hex'),
      version: `${run}/bench`,
      entity,
      configurations: [
        { name: `${run}/bench`, assigned: new Date(run * 1e6).toISOString().replace('Z', '+0000') },
      ],
      runs: [String(run)],
    })),
  );
  writeIndex(collection, entries);
}

const [mode, directory, first, second] = process.argv.slice(2);
if (mode === 'insert' && directory) {
  await measureInserts(readRecord(directory), Number(first ?? 20), Number(second ?? 2));
} else if (mode === 'fill' && directory) {
  const entities = Array.from({ length: Number(second ?? 13) }, (_, place) => `entity${place}`);
  fillIndex(join(directory, 'RunHistory'), Number(first ?? 20_000), entities);
  fillIndex(join(directory, 'SystemLayout'), Number(first ?? 20_000), ['schema']);
} else if (mode === 'grow' && directory && first) {
  await measureGrowth(directory, readRecord(first));
} else {
  console.error('usage: filesystem-db insert <record> | fill <database> | grow <database> <record>');
  process.exitCode = exitCodes.wrongUsage;
}
