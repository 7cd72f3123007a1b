import { ArtdaqDbPresenceError } from '../../../errors.ts';
import { type CollectionPlan, planInsert, planUpdate } from '../run-plan.ts';
import type { NewDocument, Submission } from '../submission.ts';
import { type DocumentWriter, RefusedDocumentError } from './document-writer.ts';
import { isDuplicateId, isOutcomeOpen, refusedDocument } from './errors.ts';
import { FoundDocuments } from './found-documents.ts';
import type { MongoCollection } from './mongo-collection.ts';
import {
  archiverAtWork,
  differenceFrom,
  OtherArchiverError,
  refuseIfAtWork,
  refuseIfLate,
  replacedBy,
  withOwnStamps,
} from './other-archivers.ts';
import { SchemaPlace } from './schema-place.ts';

/** What runs are written with. */
export interface RunWriterParts {
  readonly runHistory: MongoCollection;
  readonly systemLayout: MongoCollection;
  readonly documents: DocumentWriter;
  readonly now: () => Date;
  readonly sleep: (milliseconds: number) => Promise<unknown>;
}

/** Another archiver that stores the same run needs this long at most, unless it died. */
const LOOKS = 20;
const PAUSE_MS = 250;
/** The document that every run has. */
const FIRST_ENTITY = 'RunHistory';
/** How often an insert is begun anew because others wrote in between. */
const ATTEMPTS = 4;

/** An insert with what was found before it. */
interface Insert {
  readonly submission: Submission;
  readonly plan: CollectionPlan;
  readonly schemaPlan: CollectionPlan;
  readonly history: FoundDocuments;
  readonly layout: FoundDocuments;
}

/**
 * Stores runs. Order of writes: the documents of RunHistory with one command, then the schema into SystemLayout, by which
 * our readers take a run for stored (documentation/ARTDAQDB_MONGODB.md, "Order of writes" and "Several archivers").
 */
export class RunWriter {
  readonly #parts: RunWriterParts;
  /** Schemas, by configuration, of which we don't know whether the server has them. */
  readonly #open = new Map<string, string>();

  constructor(parts: RunWriterParts) {
    this.#parts = parts;
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

  async #insertOnce(submission: Submission): Promise<void> {
    const { now } = this.#parts;
    const { configuration, run } = submission;
    const [history, layout] = await this.#look(submission);
    if (layout.listed.length > 0) {
      if (await this.#isOurs(submission, layout)) return;
      const difference = await differenceFrom(submission, history);
      throw new ArtdaqDbPresenceError(
        `Run ${run} is stored already in artdaqDB under '${configuration}'${difference}`,
        { run },
      );
    }
    const wanted = documentsOf(submission, 'RunHistory');
    const plan = await planInsert(submission, wanted, history, history.listed, now);
    await refuseIfAtWork(submission, plan, history, now());
    const schemas = documentsOf(submission, 'SystemLayout');
    const schemaPlan = await planInsert(submission, schemas, layout, [], now);
    const isNew = history.listed.length === 0 && replacedBy(schemaPlan, layout).length === 0;
    const insert = { submission, plan, schemaPlan, history, layout };
    await (isNew
      ? this.#storeNew(insert)
      : this.#complete({ ...insert, plan: withOwnStamps(submission, plan, wanted, history) }));
  }

  async #storeNew(insert: Insert): Promise<void> {
    await this.#writeHistory(insert);
    await this.#orWithdraw(insert, () =>
      this.#commit(insert, ({ submission, schemaPlan }) =>
        this.#parts.documents.write(submission, this.#parts.systemLayout, schemaPlan, []),
      ),
    );
  }

  /**
   * Whoever loses against another archiver after it wrote everything takes that away, so that it does not stand beside what the
   * other one stores. What that put in the place of ours meanwhile has other stamps (`withOwnStamps`).
   */
  async #orWithdraw({ plan }: Insert, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (isDuplicateId(error) || error instanceof OtherArchiverError) {
        await this.#parts.documents.takeAway(plan.write, this.#parts.runHistory);
      }
      throw error;
    }
  }

  /** Those who made the leftovers, or complete them as well, may be at work: nobody else may make the run visible. */
  async #complete(insert: Insert): Promise<void> {
    const { systemLayout, documents } = this.#parts;
    const { submission, schemaPlan, layout } = insert;
    const [schema] = schemaPlan.write;
    const holder = schema === undefined ? undefined : await layout.readIfPresent(schema.entry.id);
    const place = schema && (await SchemaPlace.take(systemLayout, schema, holder));
    if (schema === undefined || place === undefined) throw archiverAtWork(submission);
    try {
      await this.#writeHistory(insert);
      await this.#orWithdraw(insert, async () => {
        await this.#confirm(submission);
        await this.#commit(insert, async () => {
          if (!(await place.fill())) throw archiverAtWork(submission);
          await documents.compare([schema], systemLayout, submission.run);
        });
      });
    } catch (error) {
      if (error instanceof RefusedDocumentError) {
        await documents.takeAway([schema], systemLayout);
        await place.leave();
      }
      throw error;
    }
    try {
      await this.#confirm(submission);
    } catch (error) {
      await documents.takeAway([schema], systemLayout);
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

  async #updateOnce(submission: Submission): Promise<void> {
    const { now, documents, runHistory } = this.#parts;
    const { configuration, run } = submission;
    const [history, layout] = await this.#look(submission);
    if (layout.listed.length === 0) {
      throw new ArtdaqDbPresenceError(`Run ${run} is not stored in artdaqDB under '${configuration}'`, {
        run,
      });
    }
    const wanted = documentsOf(submission, 'RunHistory');
    const plan = await planUpdate(submission, wanted, history, history.listed, now);
    await documents.write(submission, runHistory, plan, replacedBy(plan, history));
  }

  /** All that is stored under the configuration name, or has one of our ids. */
  #look(submission: Submission): Promise<[FoundDocuments, FoundDocuments]> {
    const found = async (collection: MongoCollection): Promise<FoundDocuments> => {
      const ids = documentsOf(submission, collection.name).map(({ entry }) => entry.id);
      // Two queries, each by its index, instead of one with $or, for which not every server uses them.
      const [named, own] = await Promise.all([
        collection.find(submission.configuration, (document) => document),
        collection.findIds(ids),
      ]);
      return new FoundDocuments(collection.name, submission.configuration, [...own, ...named]);
    };
    const { runHistory, systemLayout } = this.#parts;
    return Promise.all([found(runHistory), found(systemLayout)]);
  }

  async #commit(insert: Insert, write: (insert: Insert) => Promise<void>): Promise<void> {
    const { now, documents, runHistory } = this.#parts;
    const { submission, plan, schemaPlan } = insert;
    refuseIfLate(submission, now());
    const [schema] = schemaPlan.write;
    try {
      await write(insert);
    } catch (error) {
      if (schema !== undefined && (await this.#isCommitted(schema, error))) return;
      if (schema !== undefined && isOutcomeOpen(error)) {
        this.#open.set(submission.configuration, schema.bytes.toString());
      }
      if (error instanceof RefusedDocumentError) await documents.takeAway(plan.write, runHistory);
      throw error;
    }
  }

  /** Some servers carry a write out again when the driver repeats it: then it is our own schema that stands in its way. */
  async #isCommitted({ entry, bytes }: NewDocument, error: unknown): Promise<boolean> {
    if (!isDuplicateId(error) && !(error instanceof OtherArchiverError)) return false;
    const stored = await this.#parts.systemLayout.read([entry.id]);
    return stored.get(entry.id)?.equals(bytes) ?? false;
  }

  /** Was the run stored by an earlier insert of this very client that never heard of it? */
  async #isOurs({ configuration }: Submission, layout: FoundDocuments): Promise<boolean> {
    const sent = this.#open.get(configuration);
    if (sent === undefined) return false;
    const stored = await layout.read(layout.listed, ({ json }) => json);
    if (!stored.includes(sent)) return false;
    this.#open.delete(configuration);
    return true;
  }

  /** Do all documents stand there, and none of another version of the run? */
  async #confirm(submission: Submission): Promise<void> {
    const { runHistory, now } = this.#parts;
    const { configuration } = submission;
    const stored = await runHistory.find(configuration, (document) => document);
    const found = new FoundDocuments(runHistory.name, configuration, stored);
    const wanted = documentsOf(submission, runHistory.name);
    const { write, removed } = await planInsert(submission, wanted, found, found.listed, now);
    if (write.length + removed.length > 0) throw archiverAtWork(submission);
  }
}

/** In an order in which several archivers that store the same run begin with the same document: only one of them gets it. */
function documentsOf(submission: Submission, collection: NewDocument['collection']): NewDocument[] {
  const rank = ({ entry: { entity } }: NewDocument): string => (entity === FIRST_ENTITY ? '' : entity);
  return submission.documents
    .filter((document) => document.collection === collection)
    .sort((one, other) => (rank(one) < rank(other) ? -1 : 1));
}
