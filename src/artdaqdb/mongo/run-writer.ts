import { ArtdaqDbError, ArtdaqDbPresenceError } from '../../errors.ts';
import { readJsonObject } from '../../fhicl/json.ts';
import { type Amendment, notStored, ofEntity, planAmendment, type Replacement } from '../amendment.ts';
import type { AmendOutcome } from '../artdaqdb.ts';
import { type CollectionPlan, planInsert, planUpdate } from '../run-plan.ts';
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
import {
  documentsFor,
  FoundDocuments,
  findStored,
  type RunCollections,
  type StoredRun,
} from './stored-run.ts';

/** What runs are written with. */
export interface RunWriterParts extends RunInserterParts {
  readonly sleep: (milliseconds: number) => Promise<unknown>;
}

/** Another archiver that stores the same run needs this long at most, unless it died. */
const LOOKS = 20;
const PAUSE_MS = 250;
/** How often an insert is begun anew because others wrote in between. */
const ATTEMPTS = 4;

/** Stores runs and adds to them, next to other archivers that do the same. */
export class RunWriter {
  readonly #parts: RunWriterParts;
  readonly #inserter: RunInserter;

  constructor(parts: RunWriterParts) {
    this.#parts = parts;
    this.#inserter = new RunInserter(parts);
  }

  /** Stores a whole run. @throws as `ArtdaqDb.insert` does, and errors of the driver */
  async insert(submission: Submission): Promise<void> {
    this.#parts.documents.check(submission);
    await this.#repeated(submission, () => this.#inserter.insert(submission));
  }

  /** Adds documents to a run. @throws as `ArtdaqDb.update` does, and errors of the driver */
  async update(submission: Submission): Promise<void> {
    this.#parts.documents.check(submission);
    await this.#repeated(submission, () => this.#updateOnce(submission));
  }

  /** If another archiver holds one of our ids, what it does is waited for and looked at again. */
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

  async #updateOnce(submission: Submission): Promise<void> {
    const { now, documents, runHistory } = this.#parts;
    const { configuration, run } = submission;
    const { history, layout } = await findStored(submission, this.#parts);
    if (layout.listed.length === 0) {
      throw new ArtdaqDbPresenceError(`Run ${run} is not stored in artdaqDB under '${configuration}'`, {
        run,
      });
    }
    const wanted = documentsFor('RunHistory', submission);
    const plan = await planUpdate(submission, wanted, history, history.listed, now);
    await documents.write(submission, runHistory, plan, replacedBy(plan, history));
  }
}

/** What runs are inserted with. */
export interface RunInserterParts extends RunCollections {
  readonly documents: DocumentWriter;
  readonly now: () => Date;
}

/** An insert with what was found before it. */
interface Insert extends StoredRun {
  readonly submission: Submission;
  readonly plan: CollectionPlan;
  readonly schemaPlan: CollectionPlan;
  /** The document by which the run becomes visible. */
  readonly schema: NewDocument;
}

/**
 * Stores whole runs. Order of writes: the documents of RunHistory with one command, then the schema into SystemLayout, by which
 * our readers take a run for stored (documentation/ARTDAQDB_MONGODB.md, "Order of writes" and "Several archivers").
 */
export class RunInserter {
  readonly #parts: RunInserterParts;
  readonly #commit: SchemaCommit;

  constructor(parts: RunInserterParts) {
    this.#parts = parts;
    this.#commit = new SchemaCommit(parts.systemLayout, parts.now);
  }

  /** @throws as `ArtdaqDb.insert` does, and errors of the driver: for an id that is taken if another archiver has stored one */
  async insert(submission: Submission): Promise<void> {
    const { now } = this.#parts;
    const { configuration, run } = submission;
    const { history, layout } = await findStored(submission, this.#parts);
    if (layout.listed.length > 0) {
      if (await this.#commit.wasMade(submission, layout)) return;
      const difference = await differenceFrom(submission, history);
      throw new ArtdaqDbPresenceError(
        `Run ${run} is stored already in artdaqDB under '${configuration}'${difference}`,
        { run },
      );
    }
    const wanted = documentsFor('RunHistory', submission);
    const plan = await planInsert(submission, wanted, history, history.listed, now);
    await refuseIfAtWork(submission, plan, history, now());
    const schemas = documentsFor('SystemLayout', submission);
    const schemaPlan = await planInsert(submission, schemas, layout, [], now);
    const [schema] = schemaPlan.write;
    if (schema === undefined) throw new Error('a run is inserted without its schema');
    const isNew = history.listed.length === 0 && replacedBy(schemaPlan, layout).length === 0;
    const insert = { submission, plan, schemaPlan, schema, history, layout };
    await (isNew
      ? this.#storeNew(insert)
      : this.#complete({ ...insert, plan: withOwnStamps(submission, plan, wanted, history) }));
  }

  async #storeNew(insert: Insert): Promise<void> {
    const { systemLayout, documents } = this.#parts;
    const { submission, schemaPlan, schema } = insert;
    await this.#writeHistory(insert);
    await this.#orWithdraw(insert, () =>
      this.#commit.make(submission, schema, () => documents.write(submission, systemLayout, schemaPlan, [])),
    );
  }

  /** Those who made the leftovers, or complete them as well, may be at work: nobody else may make the run visible. */
  async #complete(insert: Insert): Promise<void> {
    const { systemLayout, documents } = this.#parts;
    const { submission, schema, layout } = insert;
    const place = await SchemaPlace.take(systemLayout, schema, await layout.readIfPresent(schema.entry.id));
    if (place === undefined) throw archiverAtWork(submission);
    try {
      await this.#writeHistory(insert);
      await this.#orWithdraw(insert, async () => {
        await this.#confirm(submission);
        await this.#commit.make(submission, schema, async () => {
          if (!(await place.fill())) throw archiverAtWork(submission);
          await this.#compareSchema(insert);
        });
      });
    } catch (error) {
      if (error instanceof RefusedDocumentError) await place.leave();
      throw error;
    }
    try {
      await this.#confirm(submission);
    } catch (error) {
      await documents.takeAway([schema], systemLayout);
      throw error;
    }
  }

  /** One that the server altered is taken away first of all: the run must not be visible without its documents. */
  async #compareSchema({ submission, schema }: Insert): Promise<void> {
    const { systemLayout, documents } = this.#parts;
    try {
      await documents.compare([schema], systemLayout, submission.run);
    } catch (error) {
      if (error instanceof RefusedDocumentError) await documents.takeAway([schema], systemLayout);
      throw error;
    }
  }

  async #writeHistory({ submission, plan, history }: Insert): Promise<void> {
    const { documents, runHistory } = this.#parts;
    try {
      await documents.write(submission, runHistory, plan, replacedBy(plan, history));
    } catch (error) {
      if (isDuplicateId(error)) {
        // What has the others' ids is not ours, even if it was made in the same millisecond, so that its stamps are the same.
        await documents.takeAway(plan.write.slice(0, refusedDocument(error) ?? 0), runHistory);
      }
      throw error;
    }
  }

  /**
   * Whoever can't make a run visible after it wrote everything, as it lost against another archiver or the server does not hold
   * the schema, takes that away, so that it does not stand beside what the other one stores. What that put in the place of ours
   * meanwhile has other stamps (`withOwnStamps`).
   */
  async #orWithdraw({ plan }: Insert, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const isFinal =
        isDuplicateId(error) || error instanceof OtherArchiverError || error instanceof RefusedDocumentError;
      if (isFinal) await this.#parts.documents.takeAway(plan.write, this.#parts.runHistory);
      throw error;
    }
  }

  /** Do all documents stand there, and none of another version of the run? */
  async #confirm(submission: Submission): Promise<void> {
    const { runHistory, now } = this.#parts;
    const { configuration } = submission;
    const stored = await runHistory.find(configuration, (document) => document);
    const found = new FoundDocuments(runHistory.name, configuration, stored);
    const wanted = documentsFor(runHistory.name, submission);
    const { write, removed } = await planInsert(submission, wanted, found, found.listed, now);
    if (write.length + removed.length > 0) throw archiverAtWork(submission);
  }
}

/** What documents are amended with. */
export interface RunAmenderParts {
  readonly runHistory: MongoCollection;
  readonly systemLayout: MongoCollection;
  readonly documents: DocumentWriter;
}

/** Replaces the content of single documents of stored runs. */
export class RunAmender {
  readonly #parts: RunAmenderParts;

  constructor(parts: RunAmenderParts) {
    this.#parts = parts;
  }

  /** @throws as `ArtdaqDb.amend` does, and errors of the driver */
  async amend(amendment: Amendment): Promise<AmendOutcome> {
    const { runHistory, systemLayout, documents } = this.#parts;
    const { run, configuration, document } = amendment;
    documents.check({ kind: 'update', run, configuration, documents: [document] });
    if (!(await systemLayout.holds(configuration))) throw notStored(amendment);
    const collection = document.collection === systemLayout.name ? systemLayout : runHistory;
    const found = await collection.find(configuration, ofEntity(amendment));
    const { outcome, replacements } = planAmendment(amendment, found.flat());
    for (const replacement of replacements) await this.#replace(amendment, collection, replacement);
    return outcome;
  }

  /** Some servers keep one of several entries of a name without a word: then the old document is put back. */
  async #replace(
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
}
