import type { NewDocument, Submission } from '../submission.ts';
import { isDuplicateId, isOutcomeOpen } from './errors.ts';
import type { MongoCollection } from './mongo-collection.ts';
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
