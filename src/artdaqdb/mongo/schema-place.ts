import type { JsonObject } from '../../fhicl/json.ts';
import { isJsonObject, parseStoredJson } from '../../fhicl/json.ts';
import type { StoredDocument } from '../stored-document.ts';
import type { NewDocument } from '../submission.ts';
import { contentOf } from './document-writer.ts';
import type { MongoCollection, WrittenDocument } from './mongo-collection.ts';

/**
 * The place of a run's schema, which whoever completes leftovers takes beforehand: from then on the insert that made them,
 * should it still be at work, can't make the run visible, as the id is taken. Until it is filled the schema stands there
 * without configuration, so that nobody finds it by the run.
 */
export class SchemaPlace {
  readonly #collection: MongoCollection;
  readonly #schema: JsonObject;
  readonly #claim: WrittenDocument;

  private constructor(collection: MongoCollection, schema: JsonObject, id: string) {
    this.#collection = collection;
    this.#schema = schema;
    this.#claim = { id, configurations: [], created: createdAt(schema) };
  }

  /**
   * @param holder what has the schema's id already: the claim of somebody else, who loses the place
   * @returns undefined if another one was quicker
   * @throws the driver's error for an id that is taken, if somebody took or filled the place just now
   */
  static async take(
    collection: MongoCollection,
    schema: NewDocument,
    holder: StoredDocument | undefined,
  ): Promise<SchemaPlace | undefined> {
    const content = contentOf(schema);
    const place = new SchemaPlace(collection, content, schema.entry.id);
    const claim = { ...content, configurations: [] };
    if (holder === undefined) {
      await collection.add([claim]);
      return place;
    }
    const { id, configurations } = holder.entry;
    const found = { id, configurations, created: createdAt(parseStoredJson(holder.json)) };
    if (found.created === place.#claim.created && configurations.length === 0) return place;
    return (await collection.replaceExactly(found, claim)) ? place : undefined;
  }

  /** Makes the run visible. @returns whether the place was still ours */
  async fill(): Promise<boolean> {
    return this.#collection.replaceExactly(this.#claim, this.#schema);
  }

  /** Gives the place up, if it is still ours. */
  async leave(): Promise<void> {
    await this.#collection.remove([this.#claim]);
  }
}

/** The stamp that tells one claim from another; no two of one place in a row are the same. */
function createdAt({ bookkeeping }: JsonObject): string {
  const created = isJsonObject(bookkeeping) ? bookkeeping.created : undefined;
  return typeof created === 'string' ? created : '';
}
