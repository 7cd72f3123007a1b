/**
 * Measures what a large artdaqDB costs one execution. Each figure comes from a process of its own, as the archiver is one.
 *
 *   node dist/tools/bench/artdaqdb-listing.js fill <new directory> [runs, 100000] [documents a run, 3]
 *   node dist/tools/bench/artdaqdb-listing.js measure <database URI>
 *
 * `fill` makes a FilesystemDB of small documents, one of them the schema; `measure` adds one more run to a database.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { FilesystemDb } from '../../src/artdaqdb/filesystem/filesystem-db.ts';
import { openArtdaqDb } from '../../src/artdaqdb/schemes.ts';
import type { DocumentEntry } from '../../src/artdaqdb/stored-document.ts';
import { submission } from '../../src/artdaqdb/submission.ts';
import { exitCodes } from '../../src/exit.ts';
import type { FhiclFile } from '../../src/fhicl/fhicl-file.ts';
import { silentLogger } from '../../src/log/logger.ts';
import { writeIndex } from './measurement.ts';

const FIRST_RUN = 1;
const CONFIGURATION = 'bench_standard';
const now = (): Date => new Date();

function documentsOf(run: number, count: number): FhiclFile[] {
  const names = ['schema', 'RunHistory', ...Array.from({ length: count - 2 }, (_, place) => `part${place}`)];
  return names.map((name) => ({ name: `${name}.fcl`, text: `run: ${run}\nname: "${name}"\n` }));
}

async function fill(directory: string, runs: number, documents: number): Promise<void> {
  mkdirSync(directory);
  const database = new FilesystemDb(directory);
  // The first run makes all that a database has besides documents.
  await database.insert(FIRST_RUN, CONFIGURATION, documentsOf(FIRST_RUN, documents));
  await database.close();
  const added: Record<'RunHistory' | 'SystemLayout', DocumentEntry[]> = { RunHistory: [], SystemLayout: [] };
  for (let run = FIRST_RUN; run < FIRST_RUN + runs; run++) {
    const stored = await submission('insert', run, CONFIGURATION, documentsOf(run, documents), now);
    for (const { collection, entry, bytes } of stored.documents) {
      added[collection].push(entry);
      writeFileSync(join(directory, collection, `${entry.id}.json`), bytes);
    }
  }
  for (const collection of ['RunHistory', 'SystemLayout'] as const) {
    writeIndex(join(directory, collection), added[collection]);
    console.log(`${collection}: ${added[collection].length} documents`);
  }
}

const actions = ['listing', 'one more run', 'its export'] as const;

/** @returns the highest run, which the next action works on */
async function act(uri: string, action: string, last: number): Promise<number> {
  const database = openArtdaqDb(
    { databaseUri: uri, useTools: false },
    { env: {}, logger: silentLogger, workDir: '', libDirectory: '' },
  );
  try {
    if (action === 'its export') await database.export(last);
    if (action !== 'one more run') return (await database.listRuns()).at(-1) ?? 0;
    await database.prepare();
    await database.listRuns();
    await database.insert(last + 1, CONFIGURATION, documentsOf(last + 1, 3));
    return last + 1;
  } finally {
    await database.close();
  }
}

async function measure(uri: string): Promise<void> {
  let last = 0;
  for (const action of actions) {
    const start = performance.now();
    const self = fileURLToPath(import.meta.url);
    const child = spawn(process.execPath, [self, 'act', uri, action, String(last)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const output = await text(child.stdout);
    const seconds = (performance.now() - start) / 1000;
    const [run, megabytes] = output.split(' ').map(Number);
    if (run === undefined || megabytes === undefined) throw new Error(`${action} failed`);
    console.log(`${action}: ${seconds.toFixed(2)} s, ${megabytes} MB at most`);
    last = run;
  }
}

const [mode, where, first, second] = process.argv.slice(2);
if (mode === 'fill' && where) {
  await fill(where, Number(first ?? 100_000), Number(second ?? 3));
} else if (mode === 'measure' && where) {
  await measure(where);
} else if (mode === 'act' && where && first) {
  const run = await act(where, first, Number(second));
  console.log(`${run} ${Math.round(process.resourceUsage().maxRSS / 1024)}`);
} else {
  console.error('usage: artdaqdb-listing fill <new directory> [runs] [documents] | measure <database URI>');
  process.exitCode = exitCodes.wrongUsage;
}
