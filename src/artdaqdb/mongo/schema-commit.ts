import { isJsonObject, type JsonObject, parseStoredJson } from '../../fhicl/json.ts';
import type { StoredDocument } from '../stored-document.ts';
import type { NewDocument, Submission } from '../submission.ts';
import type { MongoCollection, WrittenDocument } from './collection.ts';
import { contentOf } from './document-writer.ts';
import { isDuplicateId, isOutcomeOpen } from './faults.ts';
import { OtherArchiverError, refuseIfLate } from './other-archivers.ts';
import type { FoundDocuments } from './stored-run.ts';

/** The write of a schema, by which our readers take a run for stored, and what becomes of it if its answer is lost. */
export class SchemaCommit {
  readonly #systemLayout: MongoCollection;
  readonly #now: () => Date;
  /** Schemas, by configuration, of which we don't know whether the server has them. */
  readonly #open = new Map<string, string>();

  constructor(systemLayout: MongoCollection, now: () => Date) {
    this.#systemLayout = systemLayout;
    this.#now = now;
  }

  /**
   * Writes the schema, unless that has become too late.
   * @throws OtherArchiverError if so; else what the write throws, unless the server has this very schema nevertheless
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

  /** Was the run stored by an earlier insert of this very client that never heard of it? */
  async wasMade({ configuration }: Submission, layout: FoundDocuments): Promise<boolean> {
    const sent = this.#open.get(configuration);
    if (sent === undefined) return false;
    const stored = await layout.read(layout.listed, ({ json }) => json);
    if (!stored.includes(sent)) return false;
    this.#open.delete(configuration);
    return true;
  }

  /** Some servers carry a write out again when the driver repeats it: then it is our own schema that stands in its way. */
  async #isMade({ entry, bytes }: NewDocument, error: unknown): Promise<boolean> {
    if (!isDuplicateId(error) && !(error instanceof OtherArchiverError)) return false;
    const stored = await this.#systemLayout.read([entry.id]);
    return stored.get(entry.id)?.equals(bytes) ?? false;
  }
}

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
