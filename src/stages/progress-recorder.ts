import type { RunNumber } from '../runs/run-number.ts';
import type { RunSet } from '../runs/run-set.ts';
import type { FailureLog } from '../state/failure-log.ts';
import { advance } from '../state/position.ts';
import type { StateFile } from '../state/state.ts';
import type { WaitingRunsFile, WaitingState } from '../state/waiting-runs.ts';
import type { RunEnd } from './attempts.ts';
import { AttemptedOrder, type Listing, lowestRun } from './candidates.ts';
import type { WaitingBook } from './waiting-book.ts';

/** The files that are written as runs end. */
export interface RecordedFiles {
  readonly state: StateFile;
  readonly failures: FailureLog;
  readonly waiting: WaitingRunsFile;
}

/** What a {@link ProgressRecorder} works with. */
export interface ProgressRecorderOptions {
  /** The runs that the position passes, one after the other, as they end; ascending. */
  readonly order: readonly RunNumber[];
  readonly files: RecordedFiles;
  /** Source and target before this batch. They tell where contiguous runs begin if there are none yet. */
  readonly listing: Listing;
  readonly book: WaitingBook;
  /** What the list of waiting runs keeps besides the book. */
  readonly waiting: WaitingState;
  /** Called once state and failure log on disk say that runs are archived. */
  readonly onArchived: (runs: readonly RunNumber[]) => Promise<void>;
  /** Called once when the files can't be written. Then no new run should start. */
  readonly onError: (error: unknown) => void;
}

/**
 * Writes state, failure log and the list of waiting runs as runs end, so that a crash loses at most what ended during the last
 * write. Runs that end while a write is under way share the next one. Only {@link settle} waits for it.
 */
export class ProgressRecorder {
  readonly successful = new Set<RunNumber>();
  /** With the reason. */
  readonly failed = new Map<RunNumber, string>();
  /** The runs of the batch that ended, one way or the other. */
  readonly tried = new Set<RunNumber>();
  readonly #options: ProgressRecorderOptions;
  readonly #unwritten: { readonly run: RunNumber; readonly error: string | undefined }[] = [];
  /** Runs whose end is in the failure log on disk. */
  readonly #logged = new Set<RunNumber>();
  readonly #order: AttemptedOrder;
  readonly #archivedBefore: RunSet;
  /** Of the book, as the list of waiting runs on disk has it. */
  #waitingRevision: number;
  #hasNews = false;
  #writing: Promise<void> | undefined;
  #error: unknown;

  constructor(options: ProgressRecorderOptions) {
    this.#options = options;
    this.#order = new AttemptedOrder(options.order);
    this.#archivedBefore = options.listing.target;
    this.#waitingRevision = options.book.revision;
  }

  /**
   * Notes how a run ended.
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
    this.#startWriting();
    return condemned.map(({ run: failed }) => failed);
  }

  /** Notes that a run comes again: what that tells of runs that wait must survive a stop before another one ends. */
  returned(run: RunNumber, end: Extract<RunEnd, { kind: 'returned' }>): void {
    const { book } = this.#options;
    book.ended(run, end);
    if (book.revision !== this.#waitingRevision) this.#startWriting();
  }

  /**
   * Waits until all of it is on disk.
   * @throws PersistenceError if it could not be written
   */
  async settle(): Promise<void> {
    await this.#writing;
    if (this.#error !== undefined) throw this.#error;
  }

  #startWriting(): void {
    this.#hasNews = true;
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    const { files, listing, book, waiting, onArchived, onError } = this.#options;
    try {
      do {
        this.#hasNews = false;
        const ended = [...this.#unwritten];
        const archived = ended.filter(({ error }) => error === undefined).map(({ run }) => run);
        const { revision } = book;
        const byFault = revision === this.#waitingRevision ? undefined : new Map(book.runs);
        // A condemned run enters this list before it leaves the other one.
        await files.failures.change({
          add: new Map(ended.flatMap(({ run, error }) => (error === undefined ? [] : [[run, error]]))),
          remove: archived,
        });
        if (byFault !== undefined) await files.waiting.write({ ...waiting, byFault });
        this.#waitingRevision = revision;
        for (const { run } of ended) this.#logged.add(run);
        // Only over runs of this write: a failed run must be in the log before the position passes it.
        const attempted = this.#order.upTo(this.#logged);
        await files.state.update((state) =>
          advance(state, {
            successes: this.successful,
            attempted: attempted === undefined ? [] : [attempted],
            archivedBefore: this.#archivedBefore,
            lowestKnown: lowestRun(listing),
          }),
        );
        if (archived.length > 0) await onArchived(archived);
        // What could not be written stays, and the next write takes it.
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
