import { ArtdaqDbError, ArtdaqDbPresenceError } from '../../../errors.ts';
import { type CollectionPlan, planInsert, planUpdate } from '../run-plan.ts';
import { assignedTo } from '../stored-document.ts';
import type { NewDocument, Submission } from '../submission.ts';
import { type DocumentWriter, RefusedDocumentError } from './document-writer.ts';
import { isDuplicateId, isOutcomeOpen } from './errors.ts';
import { FoundDocuments } from './found-documents.ts';
import type { MongoCollection } from './mongo-collection.ts';

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
/** Leftovers that were written less than this ago may belong to an archiver that is still at work. */
const AT_WORK_MS = 5 * 60_000;
/** After this long our own documents may soon be taken for leftovers. */
const LONGEST_INSERT_MS = AT_WORK_MS / 2;

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
        if (attempt === ATTEMPTS) throw atWork(submission, error);
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
    await this.#refuseIfAtWork(submission, plan, history);
    await documents.write(submission, this.#parts.runHistory, plan, replaced(plan, history));
    const schemas = documentsOf(submission, 'SystemLayout');
    const schemaPlan = await planInsert(submission, schemas, layout, [], now);
    this.#refuseIfLate(submission);
    try {
      await this.#commit(submission, schemaPlan, replaced(schemaPlan, layout));
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
    await documents.write(submission, runHistory, plan, replaced(plan, history));
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

  /** Two versions of a run must not mix. */
  async #refuseIfAtWork(
    submission: Submission,
    plan: CollectionPlan,
    history: FoundDocuments,
  ): Promise<void> {
    const { configuration } = submission;
    const ids = [...replaced(plan, history), ...plan.removed.map(({ id }) => id)];
    const present = await history.read(ids, (document) => assignedTo(document, configuration));
    const age = this.#parts.now().getTime() - Math.max(...present);
    if (Math.abs(age) < AT_WORK_MS) throw atWork(submission);
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
    throw atWork(submission);
  }

  #refuseIfLate(submission: Submission): void {
    const began = submission.documents.map((document) => assignedTo(document, submission.configuration));
    if (this.#parts.now().getTime() - Math.min(...began) > LONGEST_INSERT_MS) {
      const { run } = submission;
      throw new ArtdaqDbError(
        `Run ${run} took so long to be stored that another archiver may take it for given up; another attempt completes it`,
        { run, retryable: true },
      );
    }
  }
}

/** Ids of leftovers of ours in whose place something else is to be stored. */
function replaced({ write, fresh }: CollectionPlan, found: FoundDocuments): string[] {
  const isNew = new Set(fresh);
  return write.map(({ entry }) => entry.id).filter((id) => !isNew.has(id) && found.has(id));
}

/** In order of entity, so that of several archivers that store the same run one gets the first document. */
function documentsOf(submission: Submission, collection: NewDocument['collection']): NewDocument[] {
  return submission.documents
    .filter((document) => document.collection === collection)
    .sort((one, other) => (one.entry.entity < other.entry.entity ? -1 : 1));
}

function atWork({ run, configuration }: Submission, cause?: unknown): ArtdaqDbError {
  return new ArtdaqDbError(
    `Run ${run} is being stored under '${configuration}' by another archiver, or one died within the last ` +
      `${AT_WORK_MS / 60_000} minutes; try again later`,
    { run, retryable: true, ...(cause === undefined ? {} : { cause }) },
  );
}
