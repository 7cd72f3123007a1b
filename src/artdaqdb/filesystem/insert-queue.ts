import type { Submission } from '../submission.ts';
import { asDatabaseError } from './database-files.ts';

interface Waiting {
  readonly submission: Submission;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** The most runs that one rewrite of the indexes carries. */
const LARGEST_BATCH = 32;

/**
 * Stores submissions in batches, one batch at a time. Those that arrive during one batch go into the next together, since
 * each batch rewrites the indexes whole.
 */
export class InsertQueue {
  readonly #commit: (batch: readonly Submission[]) => Promise<unknown[]>;
  #waiting: Waiting[] = [];
  #working: Promise<void> | undefined;

  /** @param commit stores a batch; gives undefined or the failure for each of its submissions */
  constructor(commit: (batch: readonly Submission[]) => Promise<unknown[]>) {
    this.#commit = commit;
  }

  /** Resolves when the submission is stored; rejects with why it is not. */
  store(submission: Submission): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ submission, resolve, reject });
      this.#working ??= this.#work();
    });
  }

  /** Resolves when nothing is being written any more. */
  async drained(): Promise<void> {
    await this.#working;
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#nextBatch();
      try {
        const failures = await this.#commit(batch.map(({ submission }) => submission));
        batch.forEach(({ resolve, reject }, place) => {
          const failure = failures[place];
          if (failure === undefined) resolve();
          else reject(failure);
        });
      } catch (error) {
        for (const { submission, reject } of batch) {
          const { run } = submission;
          reject(asDatabaseError(error, `Run ${run} could not be stored in artdaqDB`, { run }));
        }
      }
    }
    this.#working = undefined;
  }

  /** Takes each name once: two runs of one name would be planned against the same state of the indexes. */
  #nextBatch(): Waiting[] {
    const names = new Set<string>();
    const batch: Waiting[] = [];
    const later: Waiting[] = [];
    for (const waiting of this.#waiting) {
      const { configuration } = waiting.submission;
      if (batch.length < LARGEST_BATCH && !names.has(configuration)) batch.push(waiting);
      else later.push(waiting);
      names.add(configuration);
    }
    this.#waiting = later;
    return batch;
  }
}
