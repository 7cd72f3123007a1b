import type { Logger } from '../log/logger.ts';
import type { ProgressView } from '../log/terminal.ts';

/** How many runs of a batch have ended, and how. */
export interface BatchCounts {
  readonly tried: { readonly size: number };
  readonly successful: { readonly size: number };
  readonly failed: { readonly size: number };
}

/** What a {@link BatchProgress} tells, and where. */
export interface BatchProgressParts {
  readonly label: string;
  /** Runs of the batch. */
  readonly total: number;
  readonly logger: Logger;
  /** The terminal of somebody who watches, if there is one. */
  readonly view: ProgressView | undefined;
}

const INTERVAL = 10;

/** Tells how far a batch has come: live on a terminal, and every few runs in the log. */
export class BatchProgress {
  readonly #parts: BatchProgressParts;
  readonly #began = performance.now();

  constructor(parts: BatchProgressParts) {
    this.#parts = parts;
  }

  show({ tried, failed }: BatchCounts): void {
    const { view, label, total } = this.#parts;
    view?.show({
      label,
      total,
      done: tried.size,
      failed: failed.size,
      milliseconds: performance.now() - this.#began,
    });
  }

  /** Another run has ended. */
  ended(counts: BatchCounts): void {
    const { total, logger } = this.#parts;
    const [successful, failed] = [counts.successful.size, counts.failed.size];
    const ended = counts.tried.size;
    if (ended % INTERVAL === 0 || ended === total) {
      logger.info(`Progress: ${ended}/${total} runs processed (${successful} successful, ${failed} failed)`);
    }
    this.show(counts);
  }

  end(): void {
    this.#parts.view?.end();
  }
}
