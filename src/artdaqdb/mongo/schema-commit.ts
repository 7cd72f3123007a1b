import { isJsonObject, type JsonObject, parseStoredJson } from '../../fhicl/json.ts';
import type { StoredDocument } from '../stored-document.ts';
import type { NewDocument, Submission } from '../submission.ts';
import { bsonOf } from './bson.ts';
import type { MongoCollection, WrittenDocument } from './collection.ts';
import { contentOf } from './document-writer.ts';
import { isDuplicateId, isOutcomeOpen } from './faults.ts';
import { OtherArchiverError, refuseIfLate } from './other-archivers.ts';
import type { FoundDocuments } from './stored-run.ts';

/** The write of a schema, which makes a run visible, and what becomes of it if the server's answer is lost. */
export class SchemaCommit {
  readonly #systemLayout: MongoCollection;
  readonly #now: () => Date;
  /** Schemas, by configuration, that the server may or may not have. */
  readonly #open = new Map<string, string>();

  constructor(systemLayout: MongoCollection, now: () => Date) {
    this.#systemLayout = systemLayout;
    this.#now = now;
  }

  /**
   * Writes the schema, unless it is too late.
   * @throws OtherArchiverError if it is too late; what `write` throws, unless the server has this very schema nevertheless
   */
  async make(submission: Submission, schema: NewDocument, write: () => Promise<void>): Promise<void> {
    refuseIfLate(submission, this.#now());
    try {
      await write();
    } catch (error) {
      if (await this.#isMade(schema, error)) return;
      if (isOutcomeOpen(error)) this.#open.set(submission.configuration, schema.bytes.toString());
      throw error;
    }
  }

  /** Did an earlier insert of this client store the run without learning of it? */
  async wasMade({ configuration }: Submission, layout: FoundDocuments): Promise<boolean> {
    const sent = this.#open.get(configuration);
    if (sent === undefined) return false;
    const stored = await layout.read(layout.listed, ({ json }) => json);
    if (!stored.includes(sent)) return false;
    this.#open.delete(configuration);
    return true;
  }

  /** Some servers execute a write twice when the driver repeats it. Then our own schema is in the way. */
  async #isMade({ entry, bytes }: NewDocument, error: unknown): Promise<boolean> {
    if (!isDuplicateId(error) && !(error instanceof OtherArchiverError)) return false;
    const stored = await this.#systemLayout.read([entry.id]);
    return stored.get(entry.id)?.equals(bytes) ?? false;
  }
}

/**
 * The place of a run's schema. Whoever completes leftovers takes it first: the insert that made them, if still at work, can then
 * no longer make the run visible, because the id is taken. Until the place is filled it holds the schema without configuration,
 * so that nobody finds it by the run.
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
   * Takes the place.
   * @param holder the document that has the schema's id: the claim of somebody else, who loses the place
   * @returns undefined if somebody else was faster
   * @throws the driver's error for an id that is taken, if somebody took or filled the place at this moment
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
      await collection.add([bsonOf(claim)]);
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

/** The stamp that tells a claim from the one before it. */
function createdAt({ bookkeeping }: JsonObject): string {
  const created = isJsonObject(bookkeeping) ? bookkeeping.created : undefined;
  return typeof created === 'string' ? created : '';
}
