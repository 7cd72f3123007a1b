/**
 * What the driver alone takes to store documents that are ready: `mongodb-floor <list of stored runs> <URI>`. For each run it
 * inserts the documents of RunHistory, then the schema, confirmed by the majority; two runs at a time.
 */
import { readFileSync } from 'node:fs';
import { type Document, MongoClient, ObjectId } from 'mongodb';
import { type RunDocuments, ready, reportFloor, storedRuns } from './floor-inputs.ts';

const AT_ONCE = 2;

const [list = '', uri = ''] = process.argv.slice(2);
const client = new MongoClient(uri);
const database = client.db();
const collections = (['RunHistory', 'SystemLayout'] as const).map((name) =>
  database.collection(name, { writeConcern: { w: 'majority' } }),
);

function documentAt(path: string): Document {
  const stored = JSON.parse(readFileSync(path, 'utf8'));
  return { ...stored, _id: ObjectId.createFromHexString(stored._id.$oid) };
}

/** What one run stores, in the order of `collections`. */
function documentsOf({ documents }: RunDocuments): Document[][] {
  return collections.map(({ collectionName }) =>
    documents.filter((path) => path.includes(`/${collectionName}/`)).map(documentAt),
  );
}

async function insert(documents: readonly Document[][]): Promise<void> {
  for (const [place, collection] of collections.entries())
    await collection.insertMany(documents[place] ?? [], { forceServerObjectId: true });
}

for (const collection of collections) await collection.createIndex({ 'configurations.name': 1 });
const runs = storedRuns(list);
for (let first = 0; first < runs.length; first += AT_ONCE) {
  const documents = ready(() => runs.slice(first, first + AT_ONCE).map(documentsOf));
  await Promise.all(documents.map(insert));
}
await client.close();
reportFloor();
