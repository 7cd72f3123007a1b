import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit, { type LimitFunction } from 'p-limit';
import { ArchiverError, messageOf, PersistenceError } from '../errors.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { makeDirectory } from '../files/directories.ts';
import { ownershipHint } from '../files/ownership.ts';
import { readRegularFile } from '../files/regular-file.ts';
import { errorCode, undefinedIfMissing } from '../system-error.ts';
import { acquireDirectoryLock, adviceOn, type DirectoryLock, describeHolder } from './directory-lock.ts';
import { currentOwner } from './owner.ts';

const LONGEST_WAIT_MS = 10_000;
const POLL_MS = 20;

/**
 * A file that several places of this process, and other processes, change by reading it, computing and writing it back. They
 * do so one at a time: queued within the process, under the lock `<path>.lock` between processes.
 */
export class GuardedFile {
  readonly path: string;
  readonly #queue: LimitFunction = pLimit(1);

  constructor(path: string) {
    this.path = resolve(path);
  }

  /**
   * The file's bytes, or undefined if there is no such file.
   * @throws PersistenceError if it can't be read.
   */
  async read(): Promise<Buffer | undefined> {
    try {
      return await readRegularFile(this.path);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw this.#failure('read', error);
    }
  }

  /**
   * Runs a read-modify-write while nobody else can change the file. The file's directory is made if it is missing.
   * @throws PersistenceError if others hold the lock for 10 s or broke it meanwhile, and what `work` throws.
   */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.#queue(async () => {
      const broken: string[] = [];
      const lock = await this.#lock((reason) => broken.push(reason));
      let result: T;
      try {
        result = await work();
      } finally {
        await this.#unlock(lock);
      }
      if (broken.length === 0) return result;
      throw new PersistenceError(`${this.path} may have been changed by two programs at once: ${broken[0]}`);
    });
  }

  /**
   * Sets the whole file; first keeps a different content beside it.
   * @returns where that was kept
   * @throws PersistenceError if the file can't be read, kept aside, locked or written.
   */
  replace(text: string): Promise<string | undefined> {
    return this.exclusively(async () => {
      const content = await this.read();
      if (content?.equals(Buffer.from(text))) return undefined;
      const copy = content && (await this.keepAside(content, 'before-recovery'));
      await writeFileAtomic(this.path, text);
      return copy;
    });
  }

  /**
   * Copies content of the file to `<path>.<label>-<hash of the content>`, so that the same content is kept once however often
   * that happens, and no copy ever takes the place of another.
   * @param label part of the copy's name: why it is kept
   * @returns the copy's path
   * @throws PersistenceError if the copy can't be written
   */
  async keepAside(content: Buffer, label: 'unreadable' | 'before-recovery'): Promise<string> {
    const hash = createHash('sha256').update(content).digest('hex').slice(0, 12);
    const copy = `${this.path}.${label}-${hash}`;
    try {
      const before = await readRegularFile(copy).catch(undefinedIfMissing);
      // A full disk or a kill may have cut an earlier copy short.
      if (before?.equals(content) !== true) await writeFileAtomic(copy, content);
    } catch (error) {
      throw new PersistenceError(`${this.path} can't be kept aside as ${copy}: ${messageOf(error)}`, {
        cause: error,
      });
    }
    return copy;
  }

  /**
   * Removes the file, if it exists.
   * @throws PersistenceError if it can't be removed or locked.
   */
  remove(): Promise<void> {
    return this.exclusively(async () => {
      try {
        await rm(this.path, { force: true });
      } catch (error) {
        throw this.#failure('remove', error);
      }
    });
  }

  async #unlock(lock: DirectoryLock): Promise<void> {
    try {
      await lock.release();
    } catch (error) {
      throw this.#failure('unlock', error);
    }
  }

  async #lock(onCompromised: (reason: string) => void): Promise<DirectoryLock> {
    try {
      const owner = currentOwner();
      for (let waited = 0; ; waited += POLL_MS) {
        makeDirectory(dirname(this.path));
        const lock = await acquireDirectoryLock(this.path, { owner, onCompromised }).catch(
          (error: unknown) => {
            // Another process removed the directory at its end, as it was empty.
            if (errorCode(error) !== 'ENOENT' || waited >= LONGEST_WAIT_MS) throw error;
            return undefined;
          },
        );
        if (lock === undefined) continue;
        if ('release' in lock) return lock;
        if (waited >= LONGEST_WAIT_MS) {
          throw new PersistenceError(
            `Cannot change ${this.path}: it is locked by ${describeHolder(lock)}. ${adviceOn(lock, owner)}`,
            { retryable: true },
          );
        }
        await sleep(POLL_MS);
      }
    } catch (error) {
      if (error instanceof ArchiverError) throw error;
      throw this.#failure('lock', error);
    }
  }

  #failure(what: string, error: unknown): PersistenceError {
    return new PersistenceError(`Cannot ${what} ${this.path}: ${messageOf(error)}${ownershipHint(error)}`, {
      cause: error,
    });
  }
}
