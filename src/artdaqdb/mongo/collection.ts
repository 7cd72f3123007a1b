import {
  type Document,
  type Collection as DriverCollection,
  type Filter,
  ObjectId,
  ReadConcern,
  ReadPreference,
  WriteConcern,
} from 'mongodb';
import type { Collection } from '../../fhicl/document.ts';
import type { JsonObject } from '../../fhicl/json.ts';
import { type DocumentEntry, type StoredDocument, storedDocument } from '../stored-document.ts';
import { type BsonMembers, bsonOf } from './bson.ts';
import { documentId, storedJsonOf } from './bson-json.ts';
import type { MongoConnection } from './connection.ts';

/** How long the server waits for the majority of the replica set to confirm a write. */
const CONFIRMATION_MS = 30_000;
/** What the majority has survives the loss of a server. Applies whatever the URI says. */
export const MAJORITY = {
  readConcern: new ReadConcern('majority'),
  readPreference: ReadPreference.primary,
  writeConcern: new WriteConcern('majority', CONFIRMATION_MS),
};
/** Listings read small pieces of documents: so many at once take some megabytes, and few round trips. */
const LISTING_BATCH = 25_000;

/** Path of a document's configuration names. */
export const CONFIGURATION_NAMES = 'configurations.name';

/** Path of a document's entities. */
const ENTITY_NAMES = 'entities.name';

/** One writing of a document: another one under the same id has other stamps. */
export interface WrittenDocument extends Pick<DocumentEntry, 'id' | 'configurations'> {
  /** Its stamp in `bookkeeping`, for a document without configuration. */
  readonly created?: string;
}

/** Reads a document from where it is (for messages), its id, and its stored JSON, in memory that the next document gets. */
type DocumentReader<Kept> = (place: string, id: string, json: Buffer) => Kept;

interface Filing {
  readonly name: string;
  /** Empty if the document has no stamp, or it was not asked for. */
  readonly assigned: string;
}

/** One collection of documents. It reads only what the majority of a replica set has, which can't be rolled back. */
export class MongoCollection {
  readonly name: Collection;
  readonly #documents: DriverCollection;
  readonly #place: string;

  /** @param location of the database, for messages */
  constructor({ database }: MongoConnection, name: Collection, location: string) {
    this.name = name;
    this.#place = `${location} ${name}`;
    this.#documents = database.collection(name, MAJORITY);
  }

  /** Is any document filed under exactly this configuration name? */
  async holds(configuration: string): Promise<boolean> {
    const filter = { [CONFIGURATION_NAMES]: { $eq: configuration } };
    return (await this.#documents.findOne(filter, { projection: { _id: 1 } })) !== null;
  }

  /**
   * The documents filed under exactly this configuration name.
   * @param read reads each, and keeps what is needed: a run's documents together are large
   * @param entities matches the entities of those that are wanted; all if absent
   * @throws ArtdaqDbError naming the document if one is unreadable
   */
  async find<Kept>(configuration: string, read: DocumentReader<Kept>, entities?: RegExp): Promise<Kept[]> {
    const named = { [CONFIGURATION_NAMES]: { $eq: configuration } };
    return this.#found(
      entities === undefined ? named : { ...named, [ENTITY_NAMES]: { $regex: entities.source } },
      read,
    );
  }

  /** The documents that have one of these ids. @throws ArtdaqDbError naming the document if one is unreadable */
  async findIds(ids: readonly string[]): Promise<StoredDocument[]> {
    return this.#found({ _id: { $in: ids.map(objectId) } }, storedDocument);
  }

  /** The stored JSON of the documents that have one of these ids. */
  async read(ids: readonly string[]): Promise<Map<string, Buffer>> {
    const filter = { _id: { $in: ids.map(objectId) } };
    return new Map(await this.#found(filter, (_place, id, json) => [id, Buffer.from(json)] as const));
  }

  /** Every configuration name, as often as documents have it. */
  async *configurationNames(): AsyncGenerator<string> {
    for await (const { name } of this.#filed({}, { 'configurations.name': 1 })) yield name;
  }

  /** The configuration names that begin with a run and a slash, with their stamps, as each document has them. */
  configurations(run: number): AsyncGenerator<Filing> {
    // MongoDB uses the pattern to look in the index, other servers the bounds (0 is the character behind the slash).
    const beginning = { $gte: `${run}/`, $lt: `${run}0`, $regex: `^${run}/` };
    const fields = { 'configurations.name': 1, 'configurations.assigned': 1 };
    return this.#filed({ [CONFIGURATION_NAMES]: beginning }, fields);
  }

  async *#filed(filter: Filter<Document>, fields: Document): AsyncGenerator<Filing> {
    const projection = { _id: 0, ...fields };
    const options = { projection, batchSize: LISTING_BATCH, enableUtf8Validation: false };
    for await (const { configurations } of this.#documents.find(filter, options)) {
      for (const each of Array.isArray(configurations) ? configurations : []) {
        if (typeof each?.name === 'string') {
          yield { name: each.name, assigned: typeof each.assigned === 'string' ? each.assigned : '' };
        }
      }
    }
  }

  /** Adds documents in order, until one is refused. @param documents of `bsonOf` or `bsonOfStored` */
  async add(documents: readonly BsonMembers[]): Promise<void> {
    if (documents.length === 0) return;
    await this.#documents.insertMany(documents, { ordered: true, forceServerObjectId: true });
  }

  /**
   * Replaces the document that has this id.
   * @param document stored JSON as read
   * @returns whether it existed
   */
  async replace(id: string, document: JsonObject): Promise<boolean> {
    const { matchedCount } = await this.#documents.replaceOne({ _id: objectId(id) }, bsonOf(document));
    return matchedCount === 1;
  }

  /**
   * Replaces a document, unless somebody else has replaced it meanwhile.
   * @param document stored JSON as read
   * @returns whether the expected document was found
   */
  async replaceExactly(expected: WrittenDocument, document: JsonObject): Promise<boolean> {
    const { matchedCount } = await this.#documents.replaceOne(exactly(expected), bsonOf(document));
    return matchedCount === 1;
  }

  /** Removes documents, unless others have replaced them meanwhile. */
  async remove(documents: readonly WrittenDocument[]): Promise<void> {
    if (documents.length === 0) return;
    await this.#documents.bulkWrite(
      documents.map((document) => ({ deleteOne: { filter: exactly(document) } })),
      { ordered: true },
    );
  }

  async #found<Kept>(filter: Filter<Document>, read: DocumentReader<Kept>): Promise<Kept[]> {
    const kept: Kept[] = [];
    for await (const bson of this.#documents.find(filter, { raw: true })) {
      const bytes = rawBytes(bson);
      const id = documentId(bytes);
      const place = `${this.#place}/${id}`;
      kept.push(read(place, id, storedJsonOf(bytes, place)));
    }
    return kept;
  }
}

/** Finds exactly this writing of a document, by its stamps. */
function exactly({ id, configurations, created }: WrittenDocument): Filter<Document> {
  const stamps = configurations.map(({ name, assigned }) => ({ name, assigned }));
  return {
    _id: objectId(id),
    configurations: stamps,
    ...(created === undefined ? {} : { 'bookkeeping.created': created }),
  };
}

/** With `raw` the driver returns bytes, although its types don't say so. */
function rawBytes(document: unknown): Uint8Array {
  if (document instanceof Uint8Array) return document;
  throw new TypeError('the MongoDB driver gave no raw document');
}

/** Our own ids, and those of the C++ tools, are ObjectIds. */
function objectId(id: string): ObjectId {
  return ObjectId.createFromHexString(id);
}
