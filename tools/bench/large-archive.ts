import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { MongoClient, ObjectId } from 'mongodb';
import { FilesystemDb } from '../../src/artdaqdb/filesystem/filesystem-db.ts';
import { IndexBytes } from '../../src/artdaqdb/filesystem/index/index-bytes.ts';
import { EMPTY_INDEX } from '../../src/artdaqdb/filesystem/index/index-entry.ts';
import { noLists } from '../../src/artdaqdb/filesystem/index/index-layout.ts';
import { scanIndex } from '../../src/artdaqdb/filesystem/index/index-scan.ts';
import { editedBytes, editsFor } from '../../src/artdaqdb/filesystem/index/index-splice.ts';
import { type DocumentEntry, ownObjectId } from '../../src/artdaqdb/stored-document.ts';
import { formatTimestamp } from '../../src/fhicl/document.ts';
import { adler32 } from '../../src/ucondb/adler32.ts';
import type { JournalEntry } from '../ucondb-server/journal.ts';
import { ACCOUNT } from './account.ts';

/** As many documents of a run as a small record makes. */
const ENTITIES = ['RunHistory', 'RunHistory2', ...Array.from({ length: 10 }, (_, place) => `part${place}`)];
const CONFIGURATION = 'bench';
const RUNS_AT_ONCE = 1000;

/** Makes the directories of run records that are archived already; nothing looks into them. */
export function fillRunRecords(directory: string, runs: readonly number[]): void {
  mkdirSync(directory, { recursive: true });
  for (const run of runs) mkdirSync(join(directory, String(run)));
}

/** Makes a FilesystemDB whose indexes list runs. It has the documents of the first alone. */
export async function fillFilesystemDb(directory: string, runs: readonly number[]): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const database = new FilesystemDb(directory);
  const files = [...ENTITIES, 'schema'].map((entity) => ({ name: `${entity}.fcl`, text: 'bench: 1\n' }));
  await database.insert(runs[0] ?? 0, CONFIGURATION, files);
  await database.close();
  for (const collection of ['RunHistory', 'SystemLayout'] as const)
    writeIndex(join(directory, collection, 'index.json'), [...entriesOf(collection, runs)]);
}

function* entriesOf(
  collection: 'RunHistory' | 'SystemLayout',
  runs: readonly number[],
): Generator<DocumentEntry> {
  const assigned = formatTimestamp(new Date());
  for (const run of runs) {
    const version = `${run}/${CONFIGURATION}`;
    for (const entity of collection === 'RunHistory' ? ENTITIES : ['schema']) {
      const id = ownObjectId(collection, version, entity);
      yield { id, version, entity, configurations: [{ name: version, assigned }], runs: [String(run)] };
    }
  }
}

function writeIndex(path: string, added: readonly DocumentEntry[]): void {
  const empty = IndexBytes.of(Buffer.from(EMPTY_INDEX));
  const file = openSync(path, 'w');
  const { edits } = editsFor(empty, scanIndex(empty, noLists), { added, removed: [] });
  for (const piece of editedBytes(empty, edits)) writeSync(file, piece);
  closeSync(file);
}

/** Makes a MongoDB whose documents hold no more than the names under which they are found. */
export async function fillMongoDb(uri: string, runs: readonly number[]): Promise<void> {
  const client = new MongoClient(uri);
  for (const name of ['RunHistory', 'SystemLayout'] as const) {
    const collection = client.db().collection(name);
    await collection.createIndex({ 'configurations.name': 1 });
    for (let first = 0; first < runs.length; first += RUNS_AT_ONCE) {
      const entries = [...entriesOf(name, runs.slice(first, first + RUNS_AT_ONCE))];
      await collection.insertMany(
        entries.map(({ id, ...entry }) => ({ _id: ObjectId.createFromHexString(id), ...entry })),
      );
    }
  }
  await client.close();
}

/** Makes the data of a UconDB server that has a blob of each run: the same, as nobody reads it. */
export function fillUconDb(directory: string, object: string, runs: readonly number[]): void {
  mkdirSync(directory, { recursive: true });
  const folder = ACCOUNT.folder;
  const body = Buffer.from('bench');
  const sha256 = createHash('sha256').update(body).digest('hex');
  const line = (entry: JournalEntry) => `${JSON.stringify(entry)}\n`;
  const [size, sum] = [body.length, adler32(body)];
  const blob = line({ is: 'blob', folder, dataKey: 1, size, adler32: sum, sha256 });
  const versions = runs.map((run, place) => {
    const names = { object, key: String(run), tags: [String(run)] };
    return line({ is: 'version', folder, id: place + 1, ...names, tv: run, tr: run * 1e6, dataKey: 1 });
  });
  const all = [line({ is: 'folder', folder, drop: false }), blob, `${body}\n`, ...versions];
  writeFileSync(join(directory, 'ucondb.journal'), all.join(''));
}
