import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  BSON,
  type Collection,
  type Document,
  Int32,
  MongoClient,
  MongoServerError,
  ObjectId,
} from 'mongodb';
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  memberName,
  readJsonObject,
} from '../../../src/fhicl/json.ts';

const GOLDEN = join(import.meta.dirname, '../../fixtures/golden/fhicl');

/** What a server keeps as it was sent; anything else it refuses or, worse, alters. */
export interface Capabilities {
  /** From the server's `buildInfo`: the version of MongoDB that it is or claims to be. */
  readonly mongodbVersion: string;
  /** Keys with dots, `a.b.c`. */
  readonly holdsDottedKeys: boolean;
  /** Arrays in arrays. */
  readonly holdsNestedArrays: boolean;
  /** Several members of one name, at the top of a table. */
  readonly holdsRepeatedKeys: boolean;
  /** Golden documents without repeated keys that don't come back equal, by name. */
  readonly goldenNotHeld: readonly string[];
}

/**
 * Tries a server with every golden document and with what is known to be hard, in a database that is dropped afterwards.
 * @throws MongoError if it can't be reached or doesn't let us write
 */
export async function tryServer(uri: string): Promise<Capabilities> {
  const client = new MongoClient(uri, { serverSelectionTimeoutMS: 10_000, socketTimeoutMS: 60_000 });
  try {
    const database = client.db(`archiver_trial_${new ObjectId().toHexString()}`);
    const { version } = await database.command({ buildInfo: 1 });
    try {
      const collection = database.collection('trial');
      await collection.insertOne({ writable: true });
      return {
        mongodbVersion: version,
        holdsDottedKeys: await holds(collection, [['a.b.c', '1']]),
        holdsNestedArrays: await holds(collection, [['a', [['1'], [['2'], []]]]]),
        holdsRepeatedKeys: await holds(collection, REPEATED),
        goldenNotHeld: await goldenNotHeld(collection),
      };
    } finally {
      await database.dropDatabase();
    }
  } finally {
    await client.close();
  }
}

async function goldenNotHeld(collection: Collection): Promise<string[]> {
  const refused: string[] = [];
  for (const file of readdirSync(GOLDEN, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('stored.json')) continue;
    const text = readFileSync(join(GOLDEN, file), 'utf8');
    const members = membersOf(readJsonObject(text)).filter(([key]) => key !== '_id');
    if (hasRepeated(members)) continue;
    if (!(await holds(collection, members))) refused.push(dirname(file));
  }
  return refused;
}

/** `_id` is put first, as servers do. */
async function holds(collection: Collection, members: readonly Member[]): Promise<boolean> {
  const _id = new ObjectId();
  const document = new Members([['_id', _id], ...members]);
  try {
    await collection.insertOne(document, { forceServerObjectId: true });
  } catch (error) {
    if (error instanceof MongoServerError) return false;
    throw error;
  }
  const found: Document | null = await collection.findOne({ _id }, { raw: true });
  return found instanceof Uint8Array && Buffer.from(BSON.serialize(document)).equals(found);
}

type Member = readonly [name: string, value: unknown];

/** A BSON document with its members in order, several of one name included. */
class Members extends Map<string, unknown> {
  readonly #members: readonly Member[];

  constructor(members: readonly Member[]) {
    super(members);
    this.#members = members;
  }

  override *entries(): MapIterator<[string, unknown]> {
    for (const [name, value] of this.#members) yield [name, value];
    return undefined;
  }

  override [Symbol.iterator](): MapIterator<[string, unknown]> {
    return this.entries();
  }
}

function membersOf(object: JsonObject): Member[] {
  return Object.entries(object).map(([key, value]) => [memberName(key), toBson(value)]);
}

function toBson(value: JsonValue): unknown {
  if (Array.isArray(value)) return value.map(toBson);
  if (isJsonObject(value)) return new Members(membersOf(value));
  return typeof value === 'number' ? new Int32(value) : value;
}

function hasRepeated(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasRepeated);
  if (!(value instanceof Members)) return false;
  const members = [...value];
  return members.length !== value.size || members.some(([, member]) => hasRepeated(member));
}

const REPEATED: readonly Member[] = [['a', new Members(membersNamed('b', '1', '2'))]];

function membersNamed(name: string, ...values: readonly string[]): Member[] {
  return values.map((value) => [name, value]);
}
