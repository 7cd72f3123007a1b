/**
 * Measures the MongoDB client.
 *
 *   node dist/tools/bench/mongodb.js <URI of a database to spoil> insert <directory with *.fcl> [runs] [workers]
 *   node dist/tools/bench/mongodb.js <URI of a database to spoil> compare <directory with *.fcl> [runs] [rounds]
 *   node dist/tools/bench/mongodb.js <URI of a database to spoil> fill [runs]
 *   node dist/tools/bench/mongodb.js <URI> list
 *
 * `insert` stores the files as so many runs and exports them again. `compare` tells how much longer that takes than it takes the
 * driver alone with the same documents ready as objects, in turns, two runs at a time. `fill` adds so many runs of one schema and two small
 * documents each; `list` lists them, looks one up and exports it.
 */
import { type Document, MongoClient, ObjectId } from 'mongodb';
import pLimit from 'p-limit';
import { bsonOf } from '../../src/artdaqdb/mongo/bson.ts';
import { MAJORITY } from '../../src/artdaqdb/mongo/collection.ts';
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

/** A run's documents as objects, of each collection. */
async function readyDocuments(run: number, files: readonly FhiclFile[]): Promise<[string, Document[]][]> {
  const { documents } = await submission('insert', run, 'bench', files, () => new Date());
  return ['RunHistory', 'SystemLayout'].map((name) => [
    name,
    documents
      .filter(({ collection }) => collection === name)
      .map(({ bytes, entry }) => ({ ...JSON.parse(bytes.toString()), _id: new ObjectId(entry.id) })),
  ]);
}

/** Milliseconds a run. */
interface Cost {
  readonly wall: number;
  readonly cpu: number;
}

async function costOf(runs: number, work: () => Promise<unknown>): Promise<Cost> {
  const [start, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return { wall: (performance.now() - start) / runs, cpu: (user + system) / 1000 / runs };
}

async function compare(uri: string, db: MongoDb, files: FhiclFile[], runs: number, rounds: number) {
  const client = new MongoClient(uri);
  const limit = pLimit(2);
  let first = ((await db.listRuns()).at(-1) ?? FIRST_RUN) + 1;
  await db.insert(first++, 'bench', files);
  const costs: Record<'ours' | 'driver', Cost[]> = { ours: [], driver: [] };
  for (let round = 0; round < 2 * rounds; round++) {
    const numbers = numbersFrom(first, runs);
    first += runs;
    // Order within a pair of rounds changes, as whoever comes first pays for new memory.
    if (round % 4 === 0 || round % 4 === 3) {
      costs.ours.push(await costOf(runs, () => limit.map(numbers, (run) => db.insert(run, 'bench', files))));
    } else {
      const ready = await Promise.all(numbers.map((run) => readyDocuments(run, files)));
      const insert = async (collections: [string, Document[]][]) => {
        for (const [name, documents] of collections) {
          await client.db().collection(name, MAJORITY).insertMany(documents, { forceServerObjectId: true });
        }
      };
      costs.driver.push(await costOf(runs, () => limit.map(ready, insert)));
    }
  }
  await client.close();
  for (const [who, each] of Object.entries(costs)) {
    const text = `wall ${median(each.map(({ wall }) => wall))} ms, CPU ${median(each.map(({ cpu }) => cpu))} ms`;
    console.log(`${who.padEnd(6)} a run: ${text}`);
  }
}

function median(values: readonly number[]): string {
  const sorted = [...values].sort((one, other) => one - other);
  return (sorted[sorted.length >> 1] ?? Number.NaN).toFixed(1);
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
} else if (mode === 'compare' && first) {
  await compare(uri, db, readRecord(first), Number(second ?? 4), Number(third ?? 5));
} else if (mode === 'fill') {
  await measure('filling', Number(first ?? 100_000), () => fill(uri, db, Number(first ?? 100_000)));
} else if (mode === 'list') {
  await measureListing(db);
} else {
  console.error(
    'usage: mongodb <URI> insert <record> [runs] [workers] | compare <record> [runs] [rounds] | fill [runs] | list',
  );
  process.exitCode = exitCodes.wrongUsage;
}
await db.close();
