import type { FailureLog } from '../persistence/failure-log.ts';
import { advance } from '../persistence/position.ts';
import type { StateFile } from '../persistence/state.ts';
import type { RunNumber } from '../run-number.ts';
import { attemptedUpTo, type Listing, lowestRun } from './candidates.ts';

/** What is written as runs end. */
export interface RecordedFiles {
  readonly state: StateFile;
  readonly failures: FailureLog;
}

/**
 * Writes state and failure log as runs end, so that a crash loses at most what ended within the last write. Runs that end
 * while a write is under way share the next one; nobody waits for it but {@link settle}.
 */
export class ProgressRecorder {
  readonly successful = new Set<RunNumber>();
  /** With why. */
  readonly failed = new Map<RunNumber, string>();
  readonly #order: readonly RunNumber[];
  readonly #files: RecordedFiles;
  readonly #listing: Listing;
  readonly #onError: (error: unknown) => void;
  readonly #unwritten: { run: RunNumber; error: string | undefined }[] = [];
  /** Those of which the failure log tells. */
  readonly #logged = new Set<RunNumber>();
  #writing: Promise<void> | undefined;
  #error: unknown;

  /**
   * @param order runs that the position may pass one after the other as they end, ascending
   * @param listing source and target before this batch: where the contiguous runs begin if there are none yet
   * @param onError called once when the files can't be written: no new runs should start then
   */
  constructor(
    order: readonly RunNumber[],
    files: RecordedFiles,
    listing: Listing,
    onError: (error: unknown) => void,
  ) {
    this.#order = order;
    this.#files = files;
    this.#listing = listing;
    this.#onError = onError;
  }

  /**
   * Takes note of how a run ended.
   * @param error why it failed; undefined if it did not
   */
  ended(run: RunNumber, error: string | undefined): void {
    if (error === undefined) this.successful.add(run);
    else this.failed.set(run, error);
    this.#unwritten.push({ run, error });
    this.#writing ??= this.#write();
  }

  /**
   * Waits until everything noted is on disk.
   * @throws PersistenceError if it could not be written
   */
  async settle(): Promise<void> {
    await this.#writing;
    if (this.#error !== undefined) throw this.#error;
  }

  async #write(): Promise<void> {
    try {
      while (this.#unwritten.length > 0) {
        const ended = [...this.#unwritten];
        await this.#files.failures.change({
          add: new Map(ended.flatMap(({ run, error }) => (error === undefined ? [] : [[run, error]]))),
          remove: ended.filter(({ error }) => error === undefined).map(({ run }) => run),
        });
        for (const { run } of ended) this.#logged.add(run);
        // Not over what ended since: a run that failed must be in the log before the position may pass it.
        const attempted = attemptedUpTo(this.#order, this.#logged);
        await this.#files.state.update((state) =>
          advance(state, {
            successes: [...this.successful],
            attempted: attempted === undefined ? [] : [attempted],
            archivedBefore: this.#listing.target,
            lowestKnown: lowestRun(this.#listing),
          }),
        );
        // Only now: what could not be written is written with the next.
        this.#unwritten.splice(0, ended.length);
      }
    } catch (error) {
      this.#error = error;
      this.#onError(error);
    } finally {
      this.#writing = undefined;
    }
  }
}
