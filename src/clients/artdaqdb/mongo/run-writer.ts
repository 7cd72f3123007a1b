import { ArtdaqDbPresenceError } from '../../../errors.ts';
import { type CollectionPlan, planInsert, planUpdate } from '../run-plan.ts';
import type { NewDocument, Submission } from '../submission.ts';
import { type DocumentWriter, RefusedDocumentError } from './document-writer.ts';
import { isDuplicateId, isOutcomeOpen } from './errors.ts';
import { FoundDocuments } from './found-documents.ts';
import type { MongoCollection } from './mongo-collection.ts';
import { archiverAtWork, refuseIfAtWork, refuseIfLate, replacedBy } from './other-archivers.ts';

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
/** How often an insert is begun anew because others wrote in between. */
const ATTEMPTS = 4;

/**
 * Stores runs. Order of writes: the documents of RunHistory with one command, in order of entity, then the schema into
 * SystemLayout, by which our readers take a run for stored (documentation/ARTDAQDB_MONGODB.md, "Order of writes").
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
    const { now, documents } = this.#parts;
    const { configuration, run } = submission;
    const [history, layout] = await this.#look(submission);
    if (layout.listed.length > 0) {
      if (await this.#isOurs(submission, layout)) return;
      throw new ArtdaqDbPresenceError(`Run ${run} is stored already in artdaqDB under '${configuration}'`, {
        run,
      });
    }
    const plan = await planInsert(
      submission,
      documentsOf(submission, 'RunHistory'),
      history,
      history.listed,
      now,
    );
    await refuseIfAtWork(submission, plan, history, now());
    await documents.write(submission, this.#parts.runHistory, plan, replacedBy(plan, history));
    const schemas = documentsOf(submission, 'SystemLayout');
    const schemaPlan = await planInsert(submission, schemas, layout, [], now);
    refuseIfLate(submission, now());
    try {
      await this.#commit(submission, schemaPlan, replacedBy(schemaPlan, layout));
    } catch (error) {
      if (error instanceof RefusedDocumentError) {
        await documents.takeAway(plan.write, this.#parts.runHistory);
      }
      throw error;
    }
    if (history.listed.length > 0) await this.#confirmAdopted(submission, plan, schemaPlan, history);
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

  async #commit(submission: Submission, plan: CollectionPlan, gone: readonly string[]): Promise<void> {
    const [schema] = plan.write;
    try {
      await this.#parts.documents.write(submission, this.#parts.systemLayout, plan, gone);
    } catch (error) {
      if (schema !== undefined && isOutcomeOpen(error)) {
        this.#open.set(submission.configuration, schema.bytes.toString());
      }
      throw error;
    }
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

  /** Another archiver with another version of the run may have replaced old leftovers just when they were adopted. */
  async #confirmAdopted(
    submission: Submission,
    plan: CollectionPlan,
    schemaPlan: CollectionPlan,
    history: FoundDocuments,
  ): Promise<void> {
    const { runHistory, systemLayout, documents } = this.#parts;
    const removed = new Set(plan.removed.map(({ id }) => id));
    const expected = [
      ...history.listed.filter((id) => !removed.has(id)),
      ...plan.write.map(({ entry }) => entry.id),
    ];
    const stored = new Set(await runHistory.find(submission.configuration, ({ entry }) => entry.id));
    if (expected.every((id) => stored.has(id))) return;
    await documents.takeAway(schemaPlan.write, systemLayout);
    throw archiverAtWork(submission);
  }
}

/** In order of entity, so that of several archivers that store the same run one gets the first document. */
function documentsOf(submission: Submission, collection: NewDocument['collection']): NewDocument[] {
  return submission.documents
    .filter((document) => document.collection === collection)
    .sort((one, other) => (one.entry.entity < other.entry.entity ? -1 : 1));
}
