import { ArtdaqDbError } from '../../errors.ts';
import { readJsonObject } from '../../fhicl/json.ts';
import { type Amendment, ofEntity, planAmendment, type Replacement } from '../amendment.ts';
import type { AmendOutcome } from '../artdaqdb.ts';
import { notStored, storedAlready } from '../presence.ts';
import { type CollectionPlan, planInsert, planUpdate } from '../run-plan.ts';
import { storedDocument } from '../stored-document.ts';
import { faultOfContent, type NewDocument, type Submission } from '../submission.ts';
import type { MongoCollection } from './collection.ts';
import { type DocumentWriter, fragileNames, RefusedDocumentError } from './document-writer.ts';
import { isDuplicateId, refusedDocument } from './faults.ts';
import {
  archiverAtWork,
  differenceFrom,
  OtherArchiverError,
  refuseIfAtWork,
  replacedBy,
  withOwnStamps,
} from './other-archivers.ts';
import { SchemaCommit, SchemaPlace } from './schema-commit.ts';
import { documentsFor, FoundDocuments, findStored, type RunCollections } from './stored-run.ts';

/** What runs are written with. */
export interface RunWriterParts extends RunCollections {
  readonly documents: DocumentWriter;
  readonly now: () => Date;
  readonly sleep: (milliseconds: number) => Promise<unknown>;
}

/** Another archiver that stores the same run needs this long at most, unless it died. */
const LOOKS = 20;
const PAUSE_MS = 250;
/** How often an insert starts again because others wrote in between. */
const ATTEMPTS = 4;

/**
 * Stores runs, adds to them and amends them, next to other archivers that do the same. Order of writes: the documents of
 * RunHistory, then the schema, by which readers take a run for stored (documentation/ARTDAQDB_MONGODB.md, "Order of writes"
 * and "Several archivers").
 */
export class RunWriter {
  readonly #parts: RunWriterParts;
  readonly #commit: SchemaCommit;

  constructor(parts: RunWriterParts) {
    this.#parts = parts;
    this.#commit = new SchemaCommit(parts.systemLayout, parts.now);
  }

  /** Stores a whole run. @throws as `ArtdaqDb.insert` does, and errors of the driver */
  async insert(submission: Submission): Promise<void> {
    this.#parts.documents.check(submission);
    await this.#repeated(submission, () => this.#insertOnce(submission));
  }

  /** Adds documents to a run. @throws as `ArtdaqDb.update` does, and errors of the driver */
  async update(submission: Submission): Promise<void> {
    this.#parts.documents.check(submission);
    await this.#repeated(submission, () => this.#updateOnce(submission));
  }

  /** Replaces the content of one document. @throws as `ArtdaqDb.amend` does, and errors of the driver */
  async amend(amendment: Amendment): Promise<AmendOutcome> {
    const { runHistory, systemLayout, documents } = this.#parts;
    const { run, configuration, document } = amendment;
    documents.check({ kind: 'update', run, configuration, documents: [document] });
    if (!(await systemLayout.holds(configuration))) throw notStored(amendment);
    const collection = document.collection === systemLayout.name ? systemLayout : runHistory;
    const pick = ofEntity(amendment);
    const found = await collection.find(configuration, (...document) => pick(storedDocument(...document)));
    const { outcome, replacements } = planAmendment(amendment, found.flat());
    for (const replacement of replacements) await replaceDocument(amendment, collection, replacement);
    return outcome;
  }

  /** If another archiver holds one of our ids, waits until it has ended, and looks again. */
  async #repeated(submission: Submission, work: () => Promise<void>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (!isDuplicateId(error)) throw error;
        if (attempt === ATTEMPTS) throw archiverAtWork(submission, error);
      }
      await this.#waitForOther(submission);
    }
  }

  async #waitForOther({ kind, configuration }: Submission): Promise<void> {
    const { systemLayout, sleep } = this.#parts;
    for (let look = 1; look <= LOOKS; look++) {
      if (kind === 'update' || (await systemLayout.holds(configuration))) return;
      await sleep(PAUSE_MS);
    }
  }

  /**
   * One attempt: look, plan, write the documents, write the schema. If there are leftovers, their author, or somebody else who
   * completes them, may be at work. Then the place of the schema is taken first, so that nobody else can make the run visible,
   * and the documents are confirmed before and after the schema is written.
   * @throws the driver's error for an id that is taken, if another archiver has stored a document
   */
  async #insertOnce(submission: Submission): Promise<void> {
    const { now, documents, runHistory, systemLayout } = this.#parts;
    const { history, layout } = await findStored(submission, this.#parts);
    if (layout.listed.length > 0) {
      if (await this.#commit.wasMade(submission, layout)) return;
      throw storedAlready(submission, await differenceFrom(submission, history));
    }

    const wanted = documentsFor('RunHistory', submission);
    const planned = await planInsert(submission, wanted, history, history.listed, now);
    await refuseIfAtWork(submission, planned, history, now());
    const schemas = documentsFor('SystemLayout', submission);
    const schemaPlan = await planInsert(submission, schemas, layout, [], now);
    const [schema] = schemaPlan.write;
    if (schema === undefined) throw new Error('a run is inserted without its schema');

    const hasLeftovers = history.listed.length > 0 || replacedBy(schemaPlan, layout).length > 0;
    const plan = hasLeftovers ? withOwnStamps(submission, planned, wanted, history) : planned;
    const place = hasLeftovers ? await this.#placeOf(schema, layout, submission) : undefined;

    let written: readonly NewDocument[] = [];
    try {
      await this.#writeHistory(submission, plan, history);
      written = plan.write;
      if (place !== undefined) await this.#confirm(submission);
      await this.#commit.make(submission, schema, () =>
        place === undefined
          ? documents.write(submission, systemLayout, schemaPlan, [])
          : this.#fill(place, submission, schema),
      );
    } catch (error) {
      // Our documents must not remain beside those of another archiver. Where it has replaced ours, the stamps differ
      // (`withOwnStamps`), so that its documents stay.
      if (isFinal(error)) await documents.takeAway(written, runHistory);
      if (error instanceof RefusedDocumentError) await place?.leave();
      throw error;
    }

    if (place === undefined) return;
    try {
      await this.#confirm(submission);
    } catch (error) {
      await documents.takeAway([schema], systemLayout);
      throw error;
    }
  }

  async #updateOnce(submission: Submission): Promise<void> {
    const { now, documents, runHistory } = this.#parts;
    const { history, layout } = await findStored(submission, this.#parts);
    if (layout.listed.length === 0) throw notStored(submission);
    const wanted = documentsFor('RunHistory', submission);
    const plan = await planUpdate(submission, wanted, history, history.listed, now);
    await documents.write(submission, runHistory, plan, replacedBy(plan, history));
  }

  async #placeOf(schema: NewDocument, layout: FoundDocuments, submission: Submission): Promise<SchemaPlace> {
    const holder = await layout.readIfPresent(schema.entry.id);
    const place = await SchemaPlace.take(this.#parts.systemLayout, schema, holder);
    if (place === undefined) throw archiverAtWork(submission);
    return place;
  }

  async #writeHistory(submission: Submission, plan: CollectionPlan, history: FoundDocuments): Promise<void> {
    const { documents, runHistory } = this.#parts;
    try {
      await documents.write(submission, runHistory, plan, replacedBy(plan, history));
    } catch (error) {
      if (isDuplicateId(error)) {
        // Documents with ids that others took are not ours, even if a write in the same millisecond gave them our stamps.
        await documents.takeAway(plan.write.slice(0, refusedDocument(error) ?? 0), runHistory);
      }
      throw error;
    }
  }

  /** Are all documents stored, and none of another version of the run? */
  async #confirm(submission: Submission): Promise<void> {
    const { runHistory, now } = this.#parts;
    const { configuration } = submission;
    const stored = await runHistory.find(configuration, storedDocument);
    const found = new FoundDocuments(runHistory.name, configuration, stored);
    const wanted = documentsFor(runHistory.name, submission);
    const { write, removed } = await planInsert(submission, wanted, found, found.listed, now);
    if (write.length + removed.length > 0) throw archiverAtWork(submission);
  }

  /** Makes the run visible. A schema that the server altered is taken away at once, before anything else. */
  async #fill(place: SchemaPlace, submission: Submission, schema: NewDocument): Promise<void> {
    const { systemLayout, documents } = this.#parts;
    if (!(await place.fill())) throw archiverAtWork(submission);
    try {
      await documents.compare([schema], systemLayout, submission.run);
    } catch (error) {
      if (error instanceof RefusedDocumentError) await documents.takeAway([schema], systemLayout);
      throw error;
    }
  }
}

/** Has the insert lost against another archiver, or can't the server hold the schema? */
function isFinal(error: unknown): boolean {
  return isDuplicateId(error) || error instanceof OtherArchiverError || error instanceof RefusedDocumentError;
}

/** Some servers silently keep one of several entries of a name. Then the old document is restored. */
async function replaceDocument(
  { run, file }: Amendment,
  collection: MongoCollection,
  { id, stored, json }: Replacement,
): Promise<void> {
  const content = readJsonObject(json);
  if (!(await collection.replace(id, content))) {
    throw new ArtdaqDbError(`Run ${run}: ${file.name} was taken out of artdaqDB while it was amended`, {
      run,
      retryable: true,
    });
  }
  const { dotted, repeated } = fragileNames(content);
  if (dotted.length + repeated.length === 0) return;
  if ((await collection.read([id])).get(id)?.equals(Buffer.from(json))) return;
  await collection.replace(id, readJsonObject(stored));
  throw new ArtdaqDbError(
    `Run ${run}: this MongoDB server does not keep ${file.name} as it is, so it was not amended`,
    { run, fault: faultOfContent(file) },
  );
}
