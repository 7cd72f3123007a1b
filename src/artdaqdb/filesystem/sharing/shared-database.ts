import { join } from 'node:path';
import pLimit from 'p-limit';
import { removeStaleTemporaries } from '../../../files/atomic-file.ts';
import type { Logger } from '../../../log/logger.ts';
import { errorCode, undefinedIfMissing } from '../../../system-error.ts';
import { type DatabaseOrigin, SYSTEM_METADATA } from '../../database-description.ts';
import { CollectionStore } from '../collection-store.ts';
import { ensureDirectories, ensureMetadata, privateDirectory } from '../database-directories.ts';
import type { DatabaseFiles } from '../database-files.ts';
import type { DatabaseLock, HeldLock } from '../database-lock.ts';
import type { IndexChange } from '../index/index-entry.ts';
import type { IndexLook, IndexState } from '../index/index-file.ts';
import type { ListFilter } from '../index/index-layout.ts';
import { IndexKeeper, type SeenIndexes } from './index-keeper.ts';

/** Where a shared database is, and the world around it. */
interface SharedDatabaseOptions {
  readonly directory: string;
  readonly location: string;
  readonly origin: DatabaseOrigin;
  readonly lock: Pick<DatabaseLock, 'hold'>;
  readonly files: DatabaseFiles;
  readonly sleep: (milliseconds: number) => Promise<unknown>;
  readonly now: () => Date;
  readonly logger: Logger;
}

export type { SeenIndexes };

/** What can be done under the lock. */
export interface LockedDatabase {
  /**
   * Looks at both indexes in a state in which they list all that is ours, also what an interrupted process left.
   * @throws ArtdaqDbError if an index can't be read, or other programs change them all the time (retryable)
   */
  readIndexes<Seen>(wanted: ListFilter, look: IndexLook<Seen>): Promise<SeenIndexes<Seen>>;
  /**
   * Replaces an index, unless it was changed since or the lock was lost. A file that another program still writes to is kept.
   * @throws IndexChangedError (retryable) if another program changed it since it was looked at
   */
  replaceIndex(store: CollectionStore, index: IndexState, change: IndexChange): Promise<void>;
  /** Did this process make the run visible by listing a schema document that was on disk already? */
  hasCompleted(configuration: string): boolean;
  /** Lists documents that a loader of ours stored under this name and had no time to list. */
  adopt(store: CollectionStore, configuration: string): Promise<void>;
  /** To be called when documents may be left that no index lists: then all is compared once more. */
  doubt(): void;
  /** @throws ArtdaqDbError (retryable) if the lock was lost meanwhile */
  confirm(): void;
}

/** A disk or an account that lets nothing be written. */
const REFUSALS: ReadonlySet<string | undefined> = new Set(['EROFS', 'EACCES', 'EPERM', 'ENOSPC', 'EDQUOT']);
/** A lock that has been prepared for so long belongs to a process that died. */
const LOCK_AGE_MS = 24 * 60 * 60 * 1000;
/** How often to try to read while nobody writes. */
const READ_ATTEMPTS = 40;
const READ_PAUSE_MS = 50;

/**
 * The gate to a database that other processes of this project, which lock it, and C++ tools, which don't, write as well. Its
 * invariants: documentation/ARTDAQDB_SHARING.md.
 */
export class SharedDatabase {
  readonly runHistory: CollectionStore;
  readonly systemLayout: CollectionStore;
  readonly #options: SharedDatabaseOptions;
  readonly #keeper: IndexKeeper;
  /** Within this process changes take turns; between processes the lock does that, but by asking again and again. */
  readonly #inTurn = pLimit(1);

  constructor(options: SharedDatabaseOptions) {
    const { directory, files, sleep } = options;
    this.#options = options;
    this.runHistory = new CollectionStore(directory, 'RunHistory', files, sleep);
    this.systemLayout = new CollectionStore(directory, 'SystemLayout', files, sleep);
    this.#keeper = new IndexKeeper(this.runHistory, this.systemLayout, options);
  }

  /**
   * Does something that changes the database while no other process of ours does; makes the database if need be. Before and
   * after it, the indexes list all that is ours.
   * @throws ArtdaqDbError if another process keeps the lock for too long (retryable); errors of the system
   */
  async change<Result>(work: (locked: LockedDatabase) => Promise<Result>): Promise<Result> {
    return this.#inTurn(async () => {
      const { directory, location, origin, files, lock, now } = this.#options;
      const isOurs = await this.#hasBeenOurs();
      await ensureDirectories(directory, files);
      return lock.hold(async (held) => {
        // While we waited for the lock, the process that made the database may have died.
        if (isOurs || held.takenOver) await this.#clearLeftovers(held);
        await ensureMetadata(directory, location, origin, now(), files);
        try {
          for (const { index } of [this.runHistory, this.systemLayout]) await index.create();
          await this.#keeper.begin(held);
          const result = await work(this.#locked(held));
          await this.#keeper.end(held);
          return result;
        } catch (error) {
          this.#keeper.doubt();
          throw error;
        }
      });
    });
  }

  /**
   * Reads something from indexes that list all that is ours, and that do not change meanwhile.
   * @returns undefined if other programs keep writing; else what was read, and the configurations of which documents are on
   * disk that no index listed
   */
  async read<Result>(
    work: () => Promise<Result>,
  ): Promise<{ readonly result: Result; readonly halfListed: readonly string[] } | undefined> {
    for (let attempt = 1; attempt <= READ_ATTEMPTS; attempt++) {
      const before = await this.#keeper.signatures();
      const result = await work();
      const state = await this.#keeper.completeState(before);
      // A moment later another reader may have compared again, so the half-listed ones of this very state count.
      if (state !== undefined) return { result, halfListed: state.halfListed };
      await this.#complete();
      if (attempt > 1) await this.#options.sleep(READ_PAUSE_MS);
    }
    return undefined;
  }

  /**
   * Lists what other writers have dropped of ours, if anybody has written since that was done last. Where nothing is ours
   * there is nothing to list again.
   */
  async repair(): Promise<void> {
    if (await this.#hasBeenOurs()) await this.#complete();
  }

  /** Compares indexes and directories even though nobody seems to have written. */
  async compare(): Promise<void> {
    await this.#changeIfPossible(async (locked) => locked.doubt());
  }

  async #complete(): Promise<void> {
    const state = await this.#keeper.completeState();
    if (state === undefined) await this.#changeIfPossible(async () => undefined);
  }

  /** Only inspects a database that can't be written, or in which nothing is ours. */
  async #changeIfPossible(work: (locked: LockedDatabase) => Promise<void>): Promise<void> {
    // In turn: it would mistake what a commit of this process is storing for documents that nobody lists.
    const inspect = (): Promise<boolean> => this.#inTurn(() => this.#keeper.inspect());
    if (!(await this.#hasBeenOurs()) && (await inspect())) return;
    try {
      await this.change(work);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await inspect();
    }
  }

  #locked(lock: HeldLock): LockedDatabase {
    const keeper = this.#keeper;
    return {
      readIndexes: (wanted, look) => keeper.readIndexes(wanted, look, lock),
      replaceIndex: (store, index, change) => keeper.replaceIndex(store, index, change, lock),
      hasCompleted: (configuration) => keeper.hasCompleted(configuration),
      adopt: (store, configuration) => keeper.adopt(store, configuration, lock),
      doubt: () => keeper.doubt(),
      confirm: () => lock.confirm(),
    };
  }

  /** Has any process of this project written here? */
  async #hasBeenOurs(): Promise<boolean> {
    const { directory, files } = this.#options;
    return (await files.stat(privateDirectory(directory)).catch(undefinedIfMissing)) !== undefined;
  }

  /**
   * Removes what killed processes left. Temporary files are written under the lock only, so those of a holder that died belong
   * to nobody; locks are prepared without it.
   */
  async #clearLeftovers({ takenOver }: HeldLock): Promise<void> {
    const { directory, now } = this.#options;
    await removeStaleTemporaries(join(directory, SYSTEM_METADATA), LOCK_AGE_MS, now().getTime());
    if (!takenOver && (await this.#keeper.isRemembered())) return;
    for (const store of [this.runHistory, this.systemLayout])
      await removeStaleTemporaries(store.directory, 0);
  }
}

function isRefusal(error: unknown): boolean {
  if (REFUSALS.has(errorCode(error))) return true;
  return error instanceof Error && REFUSALS.has(errorCode(error.cause));
}
