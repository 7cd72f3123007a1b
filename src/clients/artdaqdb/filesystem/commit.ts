import { ArtdaqDbPresenceError } from '../../../errors.ts';
import { type CollectionPlan, planInsert, planUpdate } from '../run-plan.ts';
import type { NewDocument, Submission } from '../submission.ts';
import type { CollectionStore } from './collection-store.ts';
import { asDatabaseError } from './database-files.ts';
import type { HeldLock } from './database-lock.ts';
import { CONFIGURATIONS, ENTITIES, type IndexChange } from './index-entry.ts';
import { IndexChangedError, type LoadedIndex } from './index-file.ts';
import { textsOf } from './index-scan.ts';

/** What a commit works with. */
export interface CommitContext {
  readonly runHistory: CollectionStore;
  readonly systemLayout: CollectionStore;
  readonly now: () => Date;
  readonly warn: (message: string) => void;
}

/** Programs that don't know our lock may write to the indexes as well; then what is not stored yet is planned anew. */
const ATTEMPTS = 10;

/** A run that is still on its way to be stored. */
interface Candidate {
  readonly submission: Submission;
  readonly plan: CollectionPlan;
}

/**
 * Stores several runs with one rewrite of each index. Order: documents, RunHistory's index, schema documents,
 * SystemLayout's index. Readers take a run for stored by the last, so that whatever stops this on the way leaves nothing
 * visible of an insert; an update becomes visible with RunHistory's index.
 * @returns for each submission undefined, or why it is not stored
 */
export async function commitRuns(
  submissions: readonly Submission[],
  context: CommitContext,
  lock: HeldLock,
): Promise<unknown[]> {
  const failures = new Map<Submission, unknown>();
  let left = submissions;
  for (let attempt = 1; attempt <= ATTEMPTS && left.length > 0; attempt++) {
    for (const submission of left) failures.delete(submission);
    await new Commit(context, lock, failures).store(left);
    left = left.filter((submission) => failures.get(submission) instanceof IndexChangedError);
  }
  return submissions.map((submission) => failures.get(submission));
}

class Commit {
  readonly #context: CommitContext;
  readonly #lock: HeldLock;
  readonly #failures: Map<Submission, unknown>;

  constructor(context: CommitContext, lock: HeldLock, failures: Map<Submission, unknown>) {
    this.#context = context;
    this.#lock = lock;
    this.#failures = failures;
  }

  async store(submissions: readonly Submission[]): Promise<void> {
    const { runHistory, systemLayout } = this.#context;
    const isTouched = touchedLists(submissions);
    const layoutIndex = await systemLayout.index.load(isTouched);
    const historyIndex = await runHistory.index.load(isTouched);
    const asked = submissions.map((submission) => ({ submission }));
    const planned = await this.#each(asked, async ({ submission }) => ({
      submission,
      plan: await this.#planHistory(submission, layoutIndex, historyIndex),
    }));
    const inHistory = await this.#storeCollection(planned, runHistory, historyIndex);
    const inserts = inHistory.filter(({ submission }) => submission.kind === 'insert');
    const schemas = await this.#each(inserts, async ({ submission }) => ({
      submission,
      plan: await this.#planLayout(submission),
    }));
    await this.#storeCollection(schemas, systemLayout, layoutIndex);
  }

  async #planHistory(
    submission: Submission,
    layoutIndex: LoadedIndex,
    historyIndex: LoadedIndex,
  ): Promise<CollectionPlan> {
    const { kind, run, configuration } = submission;
    const isStored = idsOf(layoutIndex, configuration).length > 0;
    if (isStored !== (kind === 'update')) {
      throw new ArtdaqDbPresenceError(
        `Run ${run} is ${isStored ? 'stored already' : 'not stored'} in artdaqDB under '${configuration}'`,
        { run },
      );
    }
    const plan = kind === 'insert' ? planInsert : planUpdate;
    const { runHistory, now } = this.#context;
    const documents = documentsOf(submission, 'RunHistory');
    return plan(submission, documents, runHistory, idsOf(historyIndex, configuration), now);
  }

  #planLayout(submission: Submission): Promise<CollectionPlan> {
    const { systemLayout, now } = this.#context;
    return planInsert(submission, documentsOf(submission, 'SystemLayout'), systemLayout, [], now);
  }

  /** Writes the documents of all candidates, then the index once. @returns those that got through */
  async #storeCollection(
    candidates: readonly Candidate[],
    store: CollectionStore,
    index: LoadedIndex,
  ): Promise<Candidate[]> {
    const written = await this.#each(candidates, async (candidate) => {
      try {
        await store.write(candidate.plan.write.map(({ entry, bytes }) => ({ id: entry.id, bytes })));
      } catch (error) {
        await store.remove(candidate.plan.fresh, this.#context.warn);
        throw error;
      }
      return candidate;
    });
    const change = changeOf(written);
    if (change.added.length === 0 && change.removed.length === 0) return written;
    try {
      await store.sync();
      await store.index.replace(index, change, () => this.#lock.confirm());
    } catch (error) {
      await this.#undo(written, store, index);
      for (const { submission } of written) this.#fail(submission, error);
      return [];
    }
    await store.remove(
      change.removed.map(({ id }) => id),
      this.#context.warn,
    );
    return written;
  }

  /** Takes new documents away, unless the index that lists them is in place in spite of the failure. */
  async #undo(candidates: readonly Candidate[], store: CollectionStore, index: LoadedIndex): Promise<void> {
    try {
      if ((await store.index.signature()) !== index.signature) return;
    } catch {
      return; // It can't be told: an unlisted document is harmless, a missing one is not.
    }
    await store.remove(
      candidates.flatMap(({ plan }) => plan.fresh),
      this.#context.warn,
    );
  }

  /** Does something for each run; those for which it fails are noted and left out. */
  async #each<Item extends { readonly submission: Submission }>(
    items: readonly Item[],
    work: (item: Item) => Promise<Candidate>,
  ): Promise<Candidate[]> {
    const done: Candidate[] = [];
    for (const item of items) {
      try {
        done.push(await work(item));
      } catch (error) {
        this.#fail(item.submission, error);
      }
    }
    return done;
  }

  #fail(submission: Submission, error: unknown): void {
    const { run } = submission;
    const failure = asDatabaseError(error, `Run ${run} could not be stored in artdaqDB`, { run });
    this.#failures.set(submission, failure);
  }
}

function documentsOf(submission: Submission, collection: NewDocument['collection']): NewDocument[] {
  return submission.documents.filter((document) => document.collection === collection);
}

function changeOf(candidates: readonly Candidate[]): IndexChange {
  return {
    added: candidates.flatMap(({ plan }) => plan.write.map(({ entry }) => entry)),
    removed: candidates.flatMap(({ plan }) => plan.removed),
  };
}

function idsOf(index: LoadedIndex, configuration: string): string[] {
  const list = index.layout.maps.get(CONFIGURATIONS)?.lists.get(configuration);
  return list === undefined ? [] : textsOf(index.bytes, list);
}

/** All entities, as leftovers may have any, and of the many configurations and runs those at hand. */
function touchedLists(submissions: readonly Submission[]): (member: string, key: string) => boolean {
  const keys = new Set(submissions.flatMap(({ run, configuration }) => [configuration, String(run)]));
  return (member, key) => member === ENTITIES || keys.has(key);
}
