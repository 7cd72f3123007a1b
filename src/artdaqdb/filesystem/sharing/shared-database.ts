import { join } from 'node:path';
import pLimit from 'p-limit';
import { removeStaleTemporaries } from '../../../files/atomic-file.ts';
import { errorCode, undefinedIfMissing } from '../../../system-error.ts';
import { type DatabaseOrigin, SYSTEM_METADATA } from '../../database-description.ts';
import type { CollectionStore } from '../collection-store.ts';
import { ensureDirectories, ensureMetadata, privateDirectory } from '../database-directories.ts';
import type { DatabaseFiles } from '../database-files.ts';
import type { DatabaseLock, HeldLock } from '../database-lock.ts';
import type { Reconciler } from './reconciler.ts';
import type { VerifiedFile } from './verified-state.ts';

/** What a shared database is made of. */
export interface SharedDatabaseParts {
  readonly directory: string;
  readonly location: string;
  readonly origin: DatabaseOrigin;
  readonly files: DatabaseFiles;
  readonly lock: DatabaseLock;
  readonly runHistory: CollectionStore;
  readonly systemLayout: CollectionStore;
  readonly reconciler: Reconciler;
  readonly verified: VerifiedFile;
  readonly now: () => Date;
}

/** A disk or an account that lets nothing be written. */
const REFUSALS: ReadonlySet<string | undefined> = new Set(['EROFS', 'EACCES', 'EPERM', 'ENOSPC', 'EDQUOT']);

/** A lock that somebody has been preparing for so long is nobody's. */
const LOCK_AGE_MS = 24 * 60 * 60 * 1000;

/** Writing to a database that other processes of this project, which lock it, and C++ tools, which don't, write as well. */
export class SharedDatabase {
  readonly #parts: SharedDatabaseParts;
  /** In turn within this process; between processes the lock does that, but by asking again and again. */
  readonly #inTurn = pLimit(1);

  constructor(parts: SharedDatabaseParts) {
    this.#parts = parts;
  }

  /**
   * Does something that changes the database, made if need be, while no other process of ours does. Before and after it,
   * the indexes list all that is ours.
   */
  async change<Result>(work: (lock: HeldLock) => Promise<Result>): Promise<Result> {
    return this.#inTurn(async () => {
      const { directory, location, origin, files, lock, reconciler, now } = this.#parts;
      const isOurs = await this.#hasBeenOurs();
      await ensureDirectories(directory, files);
      return lock.hold(async (held) => {
        // Who made the database may have died since we looked, while we waited for the lock.
        if (isOurs || held.takenOver) await this.#clearLeftovers(held);
        await ensureMetadata(directory, location, origin, now(), files);
        try {
          for (const { index } of this.#collections) await index.create();
          await reconciler.begin(held);
          const result = await work(held);
          await reconciler.end(held);
          return result;
        } catch (error) {
          reconciler.doubt();
          throw error;
        }
      });
    });
  }

  /**
   * Lists what other writers have dropped of ours, if anybody has written since that was done last. In a database that
   * can't be written, or in which nothing is ours, it is only found out what is not listed.
   */
  async mend(): Promise<void> {
    const state = await this.#parts.reconciler.verifiedState();
    if (state === undefined) await this.#changeIfPossible(() => undefined);
  }

  /** The same for who doesn't go on to read runs: where nothing is ours there is nothing to list again. */
  async mendOurs(): Promise<void> {
    if (await this.#hasBeenOurs()) await this.mend();
  }

  /** As {@link mend} although nobody seems to have written. */
  async compare(): Promise<void> {
    await this.#changeIfPossible(() => this.#parts.reconciler.doubt());
  }

  async #changeIfPossible(work: () => void): Promise<void> {
    // In turn: it would take what a commit of this process is just storing for what nobody lists.
    const inspect = (): Promise<boolean> => this.#inTurn(() => this.#parts.reconciler.inspect());
    if (!(await this.#hasBeenOurs()) && (await inspect())) return;
    try {
      await this.change(async () => work());
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await inspect();
    }
  }

  get #collections(): readonly CollectionStore[] {
    return [this.#parts.runHistory, this.#parts.systemLayout];
  }

  /** Has any process of this project written here? */
  async #hasBeenOurs(): Promise<boolean> {
    const { directory, files } = this.#parts;
    return (await files.stat(privateDirectory(directory)).catch(undefinedIfMissing)) !== undefined;
  }

  /**
   * Removes what killed processes left. Temporary files are written under the lock only, so that those of a holder that
   * died are nobody's; locks are prepared without it.
   */
  async #clearLeftovers({ takenOver }: HeldLock): Promise<void> {
    const { directory, verified, now } = this.#parts;
    await removeStaleTemporaries(join(directory, SYSTEM_METADATA), LOCK_AGE_MS, now().getTime());
    if (!takenOver && (await verified.read()) !== undefined) return;
    for (const collection of this.#collections) await removeStaleTemporaries(collection.directory, 0);
  }
}

function isRefusal(error: unknown): boolean {
  if (REFUSALS.has(errorCode(error))) return true;
  return error instanceof Error && REFUSALS.has(errorCode(error.cause));
}
