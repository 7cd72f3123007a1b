import { ArtdaqDbError, messageOf, SharedWriteError } from '../../errors.ts';
import type { HandOver } from '../artdaqdb.ts';
import type { Submission } from '../submission.ts';
import { asDatabaseError } from './database-files.ts';

interface Waiting {
  readonly submission: Submission;
  readonly bytes: number;
  readonly handOver: HandOver | undefined;
  readonly turn: Turn;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** It outlives the run, as handing over can take until nothing is left to prepare: it must not hold the documents. */
interface Turn {
  /** Has whoever prepares runs been told that another can be prepared? */
  isHandedOver: boolean;
  /** Nothing is gained by waiting for others any more. */
  isDue: boolean;
}

/** What one rewrite of the indexes carries at most, and how long a run waits for others. */
const MOST_RUNS = 16;
const MOST_BYTES = 64 * 1024 * 1024;
const LONGEST_WAIT_MS = 2000;
/** While one write lasts, the next fills, but so that both together do not hold more. */
const MOST_HELD_BYTES = 96 * 1024 * 1024;

/**
 * Stores submissions in batches, one batch at a time, since each rewrites the indexes whole. A submission that may be handed over
 * waits for others until a batch is full, no other is being prepared, or two seconds have passed. Others are stored at once,
 * with what is there.
 */
export class InsertQueue {
  readonly #commit: (batch: readonly Submission[]) => Promise<unknown[]>;
  readonly #warn: (message: string) => void;
  #waiting: Waiting[] = [];
  #working: Promise<void> | undefined;
  #clock: NodeJS.Timeout | undefined;
  /** Bytes that wait or are being written. */
  #held = 0;
  #seekingRoom: (() => void)[] = [];

  /**
   * @param commit stores a batch; gives undefined or the failure for each of its submissions
   * @param warn hears of batches that could not be stored
   */
  constructor(commit: (batch: readonly Submission[]) => Promise<unknown[]>, warn: (message: string) => void) {
    this.#commit = commit;
    this.#warn = warn;
  }

  /**
   * Resolves when the submission is stored; rejects with why it is not. A submission that may be handed over, and is not stored
   * after it shared a write, is rejected with a SharedWriteError.
   */
  store(submission: Submission, handOver?: HandOver): Promise<void> {
    const bytes = submission.documents.reduce((sum, document) => sum + document.bytes.length, 0);
    return new Promise((resolve, reject) => {
      this.#held += bytes;
      const turn = { isHandedOver: false, isDue: handOver === undefined };
      this.#waiting.push({ submission, bytes, handOver, turn, resolve, reject });
      this.#advance();
    });
  }

  /** Resolves when there is memory for so many bytes of documents besides those that wait or are being written. */
  async room(bytes: number): Promise<void> {
    while (this.#held > 0 && this.#held + bytes > MOST_HELD_BYTES) {
      const isFreed = new Promise<void>((resolve) => this.#seekingRoom.push(resolve));
      if (this.#working === undefined) this.#hurry();
      await isFreed;
    }
  }

  /** Resolves when nothing waits or is being written any more. */
  async drained(): Promise<void> {
    this.#hurry();
    await this.#working;
  }

  #advance(): void {
    this.#handOverNext();
    if (this.#isDue()) this.#working ??= this.#work();
  }

  /** What does not fit into the next batch keeps its worker, so no more than that is held in memory. */
  #handOverNext(): void {
    for (const { turn, handOver } of this.#nextBatch()) {
      if (turn.isHandedOver) continue;
      turn.isHandedOver = true;
      void handOver?.().then(() => this.#makeDue(turn));
    }
    if (this.#waiting.length > 0) this.#clock ??= setTimeout(() => this.#hurry(), LONGEST_WAIT_MS);
  }

  #makeDue(turn: Turn): void {
    turn.isDue = true;
    this.#advance();
  }

  #hurry(): void {
    for (const { turn } of this.#waiting) turn.isDue = true;
    this.#advance();
  }

  #isDue(): boolean {
    const isFull = this.#waiting.length >= MOST_RUNS || bytesOf(this.#waiting) >= MOST_BYTES;
    return isFull || this.#waiting.some(({ turn }) => turn.isDue);
  }

  async #work(): Promise<void> {
    while (this.#isDue()) {
      const batch = this.#nextBatch();
      this.#waiting = this.#waiting.filter((waiting) => !batch.includes(waiting));
      clearTimeout(this.#clock);
      this.#clock = undefined;
      this.#handOverNext();
      await this.#store(batch);
      this.#held -= bytesOf(batch);
      for (const resolve of this.#seekingRoom.splice(0)) resolve();
    }
    this.#working = undefined;
  }

  async #store(batch: readonly Waiting[]): Promise<void> {
    const failures = await this.#failures(batch);
    const isWhole = failures.every((failure) => failure !== undefined);
    const returning = failures.filter((failure) => !isOfRun(failure));
    if (isWhole && returning.length > 1) {
      this.#warn(
        `${returning.length} runs could not be stored in artdaqDB together: ${messageOf(returning[0])}. They come again, one at a time`,
      );
    }
    batch.forEach(({ submission: { run }, handOver, resolve, reject }, place) => {
      const failure = failures[place];
      const isShared = handOver !== undefined && batch.length > 1 && !isOfRun(failure);
      if (failure === undefined) resolve();
      else if (!isShared) reject(failure);
      else reject(new SharedWriteError(messageOf(failure), isWhole, { cause: failure, run }));
    });
  }

  async #failures(batch: readonly Waiting[]): Promise<unknown[]> {
    try {
      return await this.#commit(batch.map(({ submission }) => submission));
    } catch (error) {
      return batch.map(({ submission: { run } }) =>
        asDatabaseError(error, `Run ${run} could not be stored in artdaqDB`, { run }),
      );
    }
  }

  /**
   * The submissions that the next write can carry. It takes each name once: two runs of one name would be planned against the
   * same state of the indexes.
   */
  #nextBatch(): Waiting[] {
    const names = new Set<string>();
    const batch: Waiting[] = [];
    let bytes = 0;
    for (const waiting of this.#waiting) {
      const { configuration } = waiting.submission;
      const isFull = batch.length === MOST_RUNS || (batch.length > 0 && bytes + waiting.bytes > MOST_BYTES);
      if (isFull) break;
      if (names.has(configuration)) continue;
      batch.push(waiting);
      names.add(configuration);
      bytes += waiting.bytes;
    }
    return batch;
  }
}

function bytesOf(waiting: readonly Waiting[]): number {
  return waiting.reduce((sum, { bytes }) => sum + bytes, 0);
}

function isOfRun(failure: unknown): boolean {
  return failure instanceof ArtdaqDbError && failure.fault === 'run';
}
