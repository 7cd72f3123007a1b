import { ArtdaqDbError, messageOf } from '../../errors.ts';
import { acquireDirectoryLock, adviceOn, describeHolder } from '../../lock/directory-lock.ts';
import type { LockOwner } from '../../lock/owner.ts';
import type { Logger } from '../../log/logger.ts';
import { privateDirectory } from './database-directories.ts';

/** A bulkloader that holds the lock is killed after 300 s, so a longer wait means that something hangs. */
const WAIT_LIMIT_MS = 330_000;
const WAIT_PAUSE_MS = 50;

/** Who takes the lock, how to wait for it, and where to report. */
export interface DatabaseLockOptions {
  readonly owner: LockOwner;
  readonly sleep: (milliseconds: number) => Promise<unknown>;
  readonly logger: Logger;
}

/** What the holder of the lock can find out. */
export interface HeldLock {
  /** Did the holder before us die at work? Its temporary files may still exist. */
  readonly takenOver: boolean;
  /** @throws ArtdaqDbError (retryable) if the lock was lost meanwhile */
  confirm(): void;
}

/**
 * Keeps processes of this project from writing to one FilesystemDB at the same time. The lock stands beside our private
 * directory.
 */
export class DatabaseLock {
  readonly #path: string;
  readonly #options: DatabaseLockOptions;

  constructor(database: string, options: DatabaseLockOptions) {
    this.#path = privateDirectory(database);
    this.#options = options;
  }

  /**
   * Does something while holding the lock.
   * @throws ArtdaqDbError (retryable) if another process keeps it for too long
   */
  async hold<Result>(work: (lock: HeldLock) => Promise<Result>): Promise<Result> {
    let lost: string | undefined;
    let takenOver = false;
    const release = await this.#acquire(
      (reason) => {
        lost = reason;
      },
      () => {
        takenOver = true;
      },
    );
    try {
      return await work({
        takenOver,
        confirm: () => {
          if (lost !== undefined) {
            throw new ArtdaqDbError(`Stopped writing to artdaqDB, as ${lost}`, { retryable: true });
          }
        },
      });
    } finally {
      await this.#release(release);
    }
  }

  /** The work under the lock counts even if the lock can't be removed. */
  async #release(release: () => Promise<void>): Promise<void> {
    try {
      await release();
    } catch (error) {
      this.#options.logger.warning(
        `${this.#path}.lock could not be removed: ${messageOf(error)}. This process removes it with its next write, others once this process has ended`,
      );
    }
  }

  async #acquire(
    onCompromised: (reason: string) => void,
    onTakeover: () => void,
  ): Promise<() => Promise<void>> {
    const { owner, sleep, logger } = this.#options;
    for (let waited = 0; ; waited += WAIT_PAUSE_MS) {
      const answer = await acquireDirectoryLock(this.#path, {
        owner,
        onCompromised,
        onTakeover: (holder) => {
          logger.warning(
            `Took over the artdaqDB lock of ${describeHolder(holder)}, which ended while writing`,
          );
          onTakeover();
        },
      });
      if ('release' in answer) return () => answer.release();
      if (waited >= WAIT_LIMIT_MS) {
        throw new ArtdaqDbError(
          `artdaqDB is locked by ${describeHolder(answer)}. ${adviceOn(answer, owner)}`,
          { retryable: true, fault: 'site' },
        );
      }
      await sleep(WAIT_PAUSE_MS);
    }
  }
}
