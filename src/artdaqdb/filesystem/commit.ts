import { ArtdaqDbError, ArtdaqDbPresenceError } from '../../errors.ts';
import { type CollectionPlan, planInsert, planUpdate } from '../run-plan.ts';
import type { NewDocument, Submission } from '../submission.ts';
import type { CollectionStore } from './collection-store.ts';
import { asDatabaseError } from './database-files.ts';
import type { HeldLock } from './database-lock.ts';
import type { IndexBytes } from './index/index-bytes.ts';
import { CONFIGURATIONS, ENTITIES, type IndexChange } from './index/index-entry.ts';
import { IndexChangedError, type IndexState, type SeenIndex } from './index/index-file.ts';
import { type ListFilter, textsOf } from './index/index-scan.ts';
import type { TextTable } from './index/text-table.ts';
import type { Reconciler } from './sharing/reconciler.ts';

/** What a commit works with. */
export interface CommitContext {
  readonly runHistory: CollectionStore;
  readonly systemLayout: CollectionStore;
  readonly reconciler: Reconciler;
  readonly now: () => Date;
  readonly warn: (message: string) => void;
}

/** Programs that don't know our lock may write to the indexes as well; then what is not stored yet is planned anew. */
const ATTEMPTS = 10;
/** As long as such a program leaves the runs at hand alone, only the rewrite is repeated. */
const REWRITES = 20;

/** An index as it was when the runs were planned. */
type PlannedIndex = SeenIndex<{
  /** Configuration -> ids, where any are listed. */
  readonly ids: ReadonlyMap<string, readonly string[]>;
  readonly listed: TextTable | undefined;
}>;

/** A run that is still on its way to be stored. */
interface Candidate {
  readonly submission: Submission;
  readonly plan: CollectionPlan;
}

/**
 * Stores several runs with one rewrite of each index. Order: documents, RunHistory's index, schema documents,
 * SystemLayout's index. Readers take a run for stored by the last, so that whatever stops this on the way leaves nothing
 * visible of an insert; an update becomes visible with RunHistory's index. Plans are made only on indexes that list all that
 * this project stored, so that leftovers are met.
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
    await context.reconciler.reach(lock);
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
    const { runHistory, systemLayout, reconciler } = this.#context;
    const layoutIndex = await this.#look(systemLayout, submissions);
    const historyIndex = await this.#look(runHistory, submissions);
    if (!(await reconciler.accepts(historyIndex, layoutIndex))) {
      const problem = 'Another program took entries of ours out of the indexes of artdaqDB';
      for (const submission of submissions) {
        this.#fail(submission, new IndexChangedError(problem, { retryable: true }));
      }
      return;
    }
    const asked = submissions.map((submission) => ({ submission }));
    const planned = await this.#each(asked, async ({ submission }) => ({
      submission,
      plan: await this.#planHistory(submission, layoutIndex, historyIndex),
    }));
    const inHistory = await this.#storeCollection(planned, runHistory, historyIndex);
    const inserts = inHistory.filter(({ submission }) => submission.kind === 'insert');
    const schemas = await this.#each(inserts, async ({ submission }) => ({
      submission,
      plan: await this.#planLayout(submission, layoutIndex),
    }));
    await this.#storeCollection(schemas, systemLayout, layoutIndex);
  }

  #look(store: CollectionStore, submissions: readonly Submission[]): Promise<PlannedIndex> {
    const { reconciler } = this.#context;
    return store.index.look(touchedLists(submissions), (bytes, index) => ({
      ids: idsOf(submissions, bytes, index),
      listed: reconciler.listedUnlessKnown(store, bytes, index),
    }));
  }

  async #planHistory(
    submission: Submission,
    layoutIndex: PlannedIndex,
    historyIndex: PlannedIndex,
  ): Promise<CollectionPlan> {
    const { kind, run, configuration } = submission;
    const { runHistory, reconciler, now } = this.#context;
    const documents = documentsOf(submission, 'RunHistory');
    const listed = historyIndex.seen.ids.get(configuration) ?? [];
    const isStored = layoutIndex.seen.ids.has(configuration);
    if (kind === 'update' && isStored) return planUpdate(submission, documents, runHistory, listed, now);
    if (kind === 'insert' && (!isStored || reconciler.hasCompleted(configuration))) {
      const plan = await planInsert(submission, documents, runHistory, listed, now);
      if (!isStored) return plan;
      const schemaPlan = await this.#planLayout(submission, layoutIndex);
      if (isEmpty(plan) && isEmpty(schemaPlan)) return plan;
    }
    throw new ArtdaqDbPresenceError(
      `Run ${run} is ${isStored ? 'stored already' : 'not stored'} in artdaqDB under '${configuration}'`,
      { run },
    );
  }

  #planLayout(submission: Submission, index: PlannedIndex): Promise<CollectionPlan> {
    const { systemLayout, now } = this.#context;
    const listed = index.seen.ids.get(submission.configuration) ?? [];
    return planInsert(submission, documentsOf(submission, 'SystemLayout'), systemLayout, listed, now);
  }

  /** Writes the documents of all candidates, then the index once. @returns those that got through */
  async #storeCollection(
    candidates: readonly Candidate[],
    store: CollectionStore,
    index: PlannedIndex,
  ): Promise<Candidate[]> {
    const written = await this.#each(candidates, async (candidate) => {
      try {
        await store.write(candidate.plan.write.map(({ entry, bytes }) => ({ id: entry.id, bytes })));
      } catch (error) {
        await this.#remove(store, candidate.plan.fresh);
        throw error;
      }
      return candidate;
    });
    const change = changeOf(written);
    if (change.added.length === 0 && change.removed.length === 0) return written;
    try {
      await store.sync();
      await this.#replace(written, store, index, change);
    } catch (error) {
      await this.#undo(written, store, index, error);
      for (const { submission } of written) this.#fail(submission, error);
      return [];
    }
    return this.#each(written, async (candidate) => {
      const removed = candidate.plan.removed.map(({ id }) => id);
      if (await this.#remove(store, removed)) return candidate;
      // It would be listed again one day, and then the run would hold a document that it doesn't have.
      throw new ArtdaqDbError(
        `A document that an interrupted import left in ${store.directory} is in the way`,
        {
          retryable: true,
        },
      );
    });
  }

  /** Rewrites the index, again and again if other programs change it but leave these runs alone. */
  async #replace(
    candidates: readonly Candidate[],
    store: CollectionStore,
    planned: PlannedIndex,
    change: IndexChange,
  ): Promise<void> {
    const submissions = candidates.map(({ submission }) => submission);
    let index: IndexState = planned;
    for (let rewrite = 1; ; rewrite++) {
      try {
        return await this.#context.reconciler.replace(store, index, change, this.#lock);
      } catch (error) {
        if (!(error instanceof IndexChangedError) || rewrite === REWRITES) throw error;
        const anew = await store.index.look(touchedLists(submissions), (bytes, state) =>
          idsOf(submissions, bytes, state),
        );
        const isTouched = submissions.some(
          ({ configuration }) =>
            anew.seen.get(configuration)?.join() !== planned.seen.ids.get(configuration)?.join(),
        );
        if (isTouched) throw error;
        index = anew;
      }
    }
  }

  /** Takes new documents away, unless the index that lists them may be in place in spite of the failure. */
  async #undo(
    candidates: readonly Candidate[],
    store: CollectionStore,
    index: PlannedIndex,
    error: unknown,
  ): Promise<void> {
    try {
      const isReplaced =
        !(error instanceof IndexChangedError) && (await store.index.signature()) !== index.signature;
      if (isReplaced) return this.#context.reconciler.doubt();
    } catch {
      return this.#context.reconciler.doubt(); // An unlisted document is found again, a missing one is not.
    }
    await this.#remove(
      store,
      candidates.flatMap(({ plan }) => plan.fresh),
    );
  }

  /** Takes documents away that no index lists. @returns whether all are gone */
  async #remove(store: CollectionStore, ids: readonly string[]): Promise<boolean> {
    const isComplete = await store.remove(ids, this.#context.warn);
    if (!isComplete) this.#context.reconciler.doubt();
    return isComplete;
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

function isEmpty({ write, removed }: CollectionPlan): boolean {
  return write.length === 0 && removed.length === 0;
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

/** The ids that are listed under the configurations of the submissions, where there are any. */
function idsOf(
  submissions: readonly Submission[],
  bytes: IndexBytes,
  { layout }: IndexState,
): Map<string, readonly string[]> {
  const ids = new Map<string, readonly string[]>();
  const lists = layout.maps.get(CONFIGURATIONS)?.lists;
  for (const { configuration } of submissions) {
    const list = lists?.get(configuration);
    if (list !== undefined && list.count > 0) ids.set(configuration, textsOf(bytes, list));
  }
  return ids;
}

/** All entities, as leftovers may have any, and of the many configurations and runs those at hand. */
function touchedLists(submissions: readonly Submission[]): ListFilter {
  const keys = new Set(submissions.flatMap(({ run, configuration }) => [configuration, String(run)]));
  return (member, key) => member === ENTITIES || keys.has(key);
}
