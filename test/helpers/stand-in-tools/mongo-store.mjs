import { MongoClient } from 'mongodb';
import { bsonOf, storedJsonOf } from '../../../dist/src/artdaqdb/mongo/bson.js';
import { readJsonObject } from '../../../dist/src/fhicl/json.js';

/** A MongoDB, document by document. */
export class MongoStore {
  #client;

  constructor(uri) {
    this.#client = new MongoClient(uri);
  }

  async write(collection, json) {
    await this.#client
      .db()
      .collection(collection)
      .insertOne(bsonOf(readJsonObject(json)), { forceServerObjectId: true });
  }

  async read(configuration) {
    const found = [];
    for (const collection of ['RunHistory', 'SystemLayout']) {
      const cursor = this.#client
        .db()
        .collection(collection)
        .find({ 'configurations.name': configuration }, { raw: true });
      for await (const bytes of cursor) {
        found.push({ collection, json: storedJsonOf(bytes, collection).toString() });
      }
    }
    return found;
  }

  async close() {
    await this.#client.close();
  }
}
