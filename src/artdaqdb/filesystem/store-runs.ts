import pLimit from 'p-limit';
import { ArtdaqDbError } from '../../errors.ts';
import type { Collection } from '../../fhicl/document.ts';
import { notStored, storedAlready } from '../presence.ts';
import { type CollectionPlan, planInsert, planUpdate } from '../run-plan.ts';
import type { NewDocument, Submission } from '../submission.ts';
import type { CollectionStore } from './collection-store.ts';
import { asDatabaseError } from './database-files.ts';
import { CONFIGURATIONS, ENTITIES, type IndexChange } from './index/index-entry.ts';
import { IndexChangedError, type IndexLook, type IndexState, type SeenIndex } from './index/index-file.ts';
import { type ListFilter, listsOfRuns } from './index/index-layout.ts';
import { textsOf } from './index/index-scan.ts';
import type { LockedDatabase, SeenIndexes, SharedDatabase } from './sharing/shared-database.ts';

/** Programs that don't know our lock may change what is listed of these runs; then the runs are planned again. */
const ATTEMPTS = 10;
/** If such programs changed the index elsewhere, only its rewrite is repeated. */
const REWRITES = 20;

/** Configuration -> ids, where any are listed. */
type ListedIds = ReadonlyMap<string, readonly string[]>;

/** A run on its way into the database. */
interface PlannedRun {
  readonly submission: Submission;
  readonly plans: Readonly<Record<Collection, CollectionPlan>>;
}

const NOTHING: CollectionPlan = { write: [], fresh: [], removed: [] };

/**
 * Stores several runs under one lock and with one rewrite of each index. A run counts as stored when SystemLayout's index,
 * written last, lists its schema document; so whatever stops this earlier leaves nothing visible of an insert. An update
 * becomes visible with RunHistory's index.
 * @returns for each submission undefined, or why it is not stored
 */
export function storeRuns(
  submissions: readonly Submission[],
  shared: SharedDatabase,
  now: () => Date,
  warn: (message: string) => void,
): Promise<unknown[]> {
  return shared.change(async (locked) => {
    const storing = new RunStoring(shared, locked, now, warn);
    let left = submissions;
    for (let attempt = 1; attempt <= ATTEMPTS && left.length > 0; attempt++) {
      await storing.store(left);
      left = left.filter((submission) => storing.failures.get(submission) instanceof IndexChangedError);
    }
    return submissions.map((submission) => storing.failures.get(submission));
  });
}

class RunStoring {
  /** Why runs are not stored. */
  readonly failures = new Map<Submission, unknown>();
  readonly #shared: SharedDatabase;
  readonly #locked: LockedDatabase;
  readonly #now: () => Date;
  readonly #warn: (message: string) => void;

  constructor(
    shared: SharedDatabase,
    locked: LockedDatabase,
    now: () => Date,
    warn: (message: string) => void,
  ) {
    this.#shared = shared;
    this.#locked = locked;
    this.#now = now;
    this.#warn = warn;
  }

  /** Stores runs in one go. A run that fails on the way is noted and left out; the others continue. */
  async store(submissions: readonly Submission[]): Promise<void> {
    const { runHistory, systemLayout } = this.#shared;
    for (const submission of submissions) this.failures.delete(submission);
    const indexes = await this.#locked.readIndexes(touchedLists(submissions), idsOf(submissions));
    let runs: readonly PlannedRun[] = await this.#each(submissions, (submission) =>
      this.#plan(submission, indexes),
    );
    runs = await this.#writeDocuments(runs, runHistory);
    runs = await this.#writeIndex(runs, runHistory, indexes.RunHistory);
    runs = await this.#removeLeftovers(runs, runHistory);
    runs = await this.#writeDocuments(runs, systemLayout);
    runs = await this.#writeIndex(runs, systemLayout, indexes.SystemLayout); // The commit.
    await this.#removeLeftovers(runs, systemLayout);
  }

  /** The indexes list all that this project stored, so leftovers of an interrupted insert are met here. */
  async #plan(submission: Submission, indexes: SeenIndexes<ListedIds>): Promise<PlannedRun> {
    const { runHistory, systemLayout } = this.#shared;
    const { kind, configuration } = submission;
    const isStored = indexes.SystemLayout.seen.has(configuration);
    if (kind === 'update') {
      if (!isStored) throw notStored(submission);
      const RunHistory = await this.#planCollection(planUpdate, runHistory, submission, indexes);
      return { submission, plans: { RunHistory, SystemLayout: NOTHING } };
    }
    // An interrupted insert may have lacked nothing but the entry of its schema, which this process has listed already.
    if (isStored && !this.#locked.hasCompleted(configuration)) throw storedAlready(submission);
    const RunHistory = await this.#planCollection(planInsert, runHistory, submission, indexes);
    const SystemLayout = await this.#planCollection(planInsert, systemLayout, submission, indexes);
    if (isStored && !(isEmpty(RunHistory) && isEmpty(SystemLayout))) throw storedAlready(submission);
    return { submission, plans: { RunHistory, SystemLayout } };
  }

  #planCollection(
    plan: typeof planInsert,
    store: CollectionStore,
    submission: Submission,
    indexes: SeenIndexes<ListedIds>,
  ): Promise<CollectionPlan> {
    const documents = documentsFor(submission, store.name);
    const listed = indexes[store.name].seen.get(submission.configuration) ?? [];
    return plan(submission, documents, store, listed, this.#now);
  }

  async #writeDocuments(runs: readonly PlannedRun[], store: CollectionStore): Promise<PlannedRun[]> {
    const write = async (run: PlannedRun): Promise<PlannedRun> => {
      const { write, fresh } = run.plans[store.name];
      const isNew = new Set(fresh);
      try {
        await store.write(write.map(({ entry: { id }, bytes }) => ({ id, bytes, isNew: isNew.has(id) })));
      } catch (error) {
        await this.#remove(store, fresh);
        throw error;
      }
      return run;
    };
    return this.#each(runs, write, Infinity);
  }

  /** Lists the documents of all runs at once, after making their names durable. */
  async #writeIndex(
    runs: readonly PlannedRun[],
    store: CollectionStore,
    seen: SeenIndex<ListedIds>,
  ): Promise<readonly PlannedRun[]> {
    const plans = runs.map((run) => run.plans[store.name]);
    if (plans.every(isEmpty)) return runs;
    try {
      await store.sync();
      await this.#replaceIndex(runs, store, seen, {
        added: plans.flatMap(({ write }) => write.map(({ entry }) => entry)),
        removed: plans.flatMap(({ removed }) => removed),
      });
      return runs;
    } catch (error) {
      await this.#takeBack(runs, store, seen, error);
      for (const { submission } of runs) this.#fail(submission, error);
      return [];
    }
  }

  /** Rewrites the index; repeats that while other programs change it but leave these runs alone. */
  async #replaceIndex(
    runs: readonly PlannedRun[],
    store: CollectionStore,
    seen: SeenIndex<ListedIds>,
    change: IndexChange,
  ): Promise<void> {
    const submissions = runs.map(({ submission }) => submission);
    let index: IndexState = seen;
    for (let rewrite = 1; ; rewrite++) {
      try {
        return await this.#locked.replaceIndex(store, index, change);
      } catch (error) {
        if (!(error instanceof IndexChangedError) || rewrite === REWRITES) throw error;
        const anew = await store.index.look(touchedLists(submissions), idsOf(submissions));
        const isTouched = submissions.some(
          ({ configuration }) =>
            anew.seen.get(configuration)?.join() !== seen.seen.get(configuration)?.join(),
        );
        if (isTouched) throw error;
        index = anew;
      }
    }
  }

  /** Removes new documents, unless the index that lists them may be in place despite the failure. */
  async #takeBack(
    runs: readonly PlannedRun[],
    store: CollectionStore,
    seen: IndexState,
    error: unknown,
  ): Promise<void> {
    try {
      const isReplaced =
        !(error instanceof IndexChangedError) && (await store.index.signature()) !== seen.signature;
      if (isReplaced) return this.#locked.doubt();
    } catch {
      return this.#locked.doubt(); // An unlisted document is found again, a missing one is not.
    }
    await this.#remove(
      store,
      runs.flatMap((run) => run.plans[store.name].fresh),
    );
  }

  /** Removes what an interrupted import left and the run no longer has. It is not listed any more. */
  #removeLeftovers(runs: readonly PlannedRun[], store: CollectionStore): Promise<PlannedRun[]> {
    return this.#each(runs, async (run) => {
      const ids = run.plans[store.name].removed.map(({ id }) => id);
      if (await this.#remove(store, ids)) return run;
      // It would be listed again one day, and then the run would hold a document that it doesn't have.
      throw new ArtdaqDbError(
        `A document that an interrupted import left in ${store.directory} is in the way`,
        { retryable: true },
      );
    });
  }

  /** Removes documents that no index lists. @returns whether all are gone */
  async #remove(store: CollectionStore, ids: readonly string[]): Promise<boolean> {
    const isComplete = await store.remove(ids, this.#warn);
    if (!isComplete) this.#locked.doubt();
    return isComplete;
  }

  /**
   * Does something with each, by default one after the other.
   * @returns the runs that went well, in their order
   */
  async #each<Item extends Submission | PlannedRun>(
    items: readonly Item[],
    work: (item: Item) => Promise<PlannedRun>,
    atOnce = 1,
  ): Promise<PlannedRun[]> {
    const done = await pLimit(atOnce).map(items, async (item) => {
      try {
        return await work(item);
      } catch (error) {
        this.#fail('submission' in item ? item.submission : item, error);
        return undefined;
      }
    });
    return done.filter((run) => run !== undefined);
  }

  #fail(submission: Submission, error: unknown): void {
    const { run } = submission;
    const failure = asDatabaseError(error, `Run ${run} could not be stored in artdaqDB`, { run });
    this.failures.set(submission, failure);
  }
}

function isEmpty({ write, removed }: CollectionPlan): boolean {
  return write.length === 0 && removed.length === 0;
}

function documentsFor(submission: Submission, collection: Collection): NewDocument[] {
  return submission.documents.filter((document) => document.collection === collection);
}

/** Tells the ids that an index lists under the configurations of the submissions. */
function idsOf(submissions: readonly Submission[]): IndexLook<ListedIds> {
  return (bytes, { layout }) => {
    const ids = new Map<string, readonly string[]>();
    const lists = layout.maps.get(CONFIGURATIONS)?.lists;
    for (const { configuration } of submissions) {
      const list = lists?.get(configuration);
      if (list !== undefined && list.count > 0) ids.set(configuration, textsOf(bytes, list));
    }
    return ids;
  };
}

/** All entities, as leftovers may have any, and of the many configurations and runs those at hand. */
function touchedLists(submissions: readonly Submission[]): ListFilter {
  const keys = new Set(submissions.flatMap(({ run, configuration }) => [configuration, String(run)]));
  const runs = submissions.map(({ run }) => run);
  return listsOfRuns(runs, (member, key) => member === ENTITIES || keys.has(key));
}
