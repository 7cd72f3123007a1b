/**
 * Measures the MongoDB client.
 *
 *   node dist/tools/bench/mongodb.js <URI of a database to spoil> insert <directory with *.fcl> [runs] [workers]
 *   node dist/tools/bench/mongodb.js <URI of a database to spoil> fill [runs]
 *   node dist/tools/bench/mongodb.js <URI> list
 *
 * `insert` stores the files as so many runs and exports them again. `fill` adds so many runs of one schema and two small
 * documents each; `list` lists them, looks one up and exports it.
 */
import { MongoClient } from 'mongodb';
import pLimit from 'p-limit';
import { bsonOf } from '../../src/artdaqdb/mongo/bson.ts';
import { MongoDb } from '../../src/artdaqdb/mongo/mongo-db.ts';
import { submission } from '../../src/artdaqdb/submission.ts';
import { exitCodes } from '../../src/exit.ts';
import type { FhiclFile } from '../../src/fhicl/fhicl-file.ts';
import { readJsonObject } from '../../src/fhicl/json.ts';
import { measure, readRecord } from './measurement.ts';

const FIRST_RUN = 20_000;
const RUNS_AT_ONCE = 1000;

const SMALL_RUN: readonly FhiclFile[] = [
  { name: 'boot.fcl', text: '\nhost: "daq01" \n' },
  { name: 'settings.fcl', text: '\nlevel: 3 \n' },
  { name: 'schema.fcl', text: '\nversion: 1 \n' },
];

function numbersFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, place) => first + place);
}

async function measureInserts(db: MongoDb, files: FhiclFile[], runs: number, workers: number): Promise<void> {
  const numbers = numbersFrom(((await db.listRuns()).at(-1) ?? FIRST_RUN) + 1, runs);
  const limit = pLimit(workers);
  await measure(`${runs} inserts of ${files.length} documents`, runs, () =>
    limit.map(numbers, (run) => db.insert(run, 'bench', files)),
  );
  await measure(`${runs} exports`, runs, () =>
    limit.map(numbers, async (run) => (await db.export(run)).length),
  );
}

async function fill(uri: string, db: MongoDb, runs: number): Promise<void> {
  const first = ((await db.listRuns()).at(-1) ?? FIRST_RUN) + 1;
  await db.insert(first, 'bench', SMALL_RUN);
  const client = new MongoClient(uri);
  for (let done = 1; done < runs; done += RUNS_AT_ONCE) {
    const numbers = numbersFrom(first + done, Math.min(RUNS_AT_ONCE, runs - done));
    const submissions = await Promise.all(
      numbers.map((run) => submission('insert', run, 'bench', SMALL_RUN, () => new Date())),
    );
    const documents = submissions.flatMap((each) => each.documents);
    for (const collection of ['RunHistory', 'SystemLayout']) {
      const part = documents.filter((document) => document.collection === collection);
      await client
        .db()
        .collection(collection)
        .insertMany(
          part.map(({ bytes }) => bsonOf(readJsonObject(bytes.toString()))),
          { forceServerObjectId: true },
        );
    }
  }
  await client.close();
}

async function measureListing(db: MongoDb): Promise<void> {
  await measure('connecting', 0, () => db.prepare());
  const runs = await db.listRuns();
  await measure('listing', runs.length, () => db.listRuns());
  const last = runs.at(-1) ?? 0;
  await measure('looking one up', 1, () => db.has(last, 'bench'));
  await measure('exporting one', 1, () => db.export(last));
}

const [uri = '', mode, first, second, third] = process.argv.slice(2);
const db = new MongoDb(uri);
if (mode === 'insert' && first) {
  await measureInserts(db, readRecord(first), Number(second ?? 20), Number(third ?? 2));
} else if (mode === 'fill') {
  await measure('filling', Number(first ?? 100_000), () => fill(uri, db, Number(first ?? 100_000)));
} else if (mode === 'list') {
  await measureListing(db);
} else {
  console.error('usage: mongodb <URI> insert <record> [runs] [workers] | fill [runs] | list');
  process.exitCode = exitCodes.wrongUsage;
}
await db.close();
