import type { RunNumber } from '../runs/run-number.ts';
import type { FailureLog } from '../state/failure-log.ts';
import { advance } from '../state/position.ts';
import type { StateFile } from '../state/state.ts';
import type { WaitingRunsFile, WaitingState } from '../state/waiting-runs.ts';
import { attemptedUpTo, type Listing, lowestRun } from './candidates.ts';
import type { RunEnd } from './run-end.ts';
import type { WaitingBook } from './waiting-book.ts';

/** What is written as runs end. */
export interface RecordedFiles {
  readonly state: StateFile;
  readonly failures: FailureLog;
  readonly waiting: WaitingRunsFile;
}

/** What a {@link ProgressRecorder} works with. */
export interface ProgressRecorderOptions {
  /** Runs that the position may pass one after the other as they end, ascending. */
  readonly order: readonly RunNumber[];
  readonly files: RecordedFiles;
  /** Source and target before this batch: where the contiguous runs begin if there are none yet. */
  readonly listing: Listing;
  readonly book: WaitingBook;
  /** What is kept of waiting runs besides the book. */
  readonly waiting: WaitingState;
  /** Called once it is on disk that runs are archived. */
  readonly onArchived: (runs: readonly RunNumber[]) => Promise<void>;
  /** Called once when the files can't be written: no new runs should start then. */
  readonly onError: (error: unknown) => void;
}

/**
 * Writes state, failure log and the list of waiting runs as runs end, so that a crash loses at most what ended within the last
 * write. Runs that end while a write is under way share the next one; nobody waits for it but {@link settle}.
 */
export class ProgressRecorder {
  readonly successful = new Set<RunNumber>();
  /** With why. */
  readonly failed = new Map<RunNumber, string>();
  /** Those of the batch that ended, however. */
  readonly tried = new Set<RunNumber>();
  readonly #options: ProgressRecorderOptions;
  readonly #unwritten: { readonly run: RunNumber; readonly error: string | undefined }[] = [];
  /** Those of which the failure log tells. */
  readonly #logged = new Set<RunNumber>();
  #hasNews = false;
  #writing: Promise<void> | undefined;
  #error: unknown;

  constructor(options: ProgressRecorderOptions) {
    this.#options = options;
  }

  /**
   * Takes note of how a run ended.
   * @returns the runs that go to the failure log because of it
   */
  ended(run: RunNumber, end: RunEnd): RunNumber[] {
    this.tried.add(run);
    const condemned = this.#options.book.ended(run, end);
    for (const { run: failed, message } of condemned) {
      this.failed.set(failed, message);
      this.#unwritten.push({ run: failed, error: message });
    }
    if (end.kind === 'archived') {
      this.successful.add(run);
      this.#unwritten.push({ run, error: undefined });
    }
    this.#hasNews = true;
    this.#writing ??= this.#write();
    return condemned.map(({ run: failed }) => failed);
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
    const { order, files, listing, book, waiting, onArchived, onError } = this.#options;
    try {
      do {
        this.#hasNews = false;
        const ended = [...this.#unwritten];
        const archived = ended.filter(({ error }) => error === undefined).map(({ run }) => run);
        const byFault = new Map(book.runs);
        // Before a condemned run leaves the other list.
        await files.failures.change({
          add: new Map(ended.flatMap(({ run, error }) => (error === undefined ? [] : [[run, error]]))),
          remove: archived,
        });
        await files.waiting.write({ ...waiting, byFault });
        for (const { run } of ended) this.#logged.add(run);
        // Not over what ended since: a run that failed must be in the log before the position may pass it.
        const attempted = attemptedUpTo(order, this.#logged);
        await files.state.update((state) =>
          advance(state, {
            successes: [...this.successful],
            attempted: attempted === undefined ? [] : [attempted],
            archivedBefore: listing.target,
            lowestKnown: lowestRun(listing),
          }),
        );
        if (archived.length > 0) await onArchived(archived);
        // Only now: what could not be written is written with the next.
        this.#unwritten.splice(0, ended.length);
      } while (this.#hasNews);
    } catch (error) {
      this.#error = error;
      onError(error);
    } finally {
      this.#writing = undefined;
    }
  }
}
