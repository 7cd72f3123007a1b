import type { Logger } from '../log/logger.ts';
import type { ProgressView } from '../log/terminal.ts';
import type { ProgressRecorder } from './progress-recorder.ts';

/** What the progress of a batch is told with. */
export interface BatchProgressParts {
  readonly label: string;
  /** Runs of the batch. */
  readonly total: number;
  readonly logger: Logger;
  /** Where somebody watches, if anybody does. */
  readonly view: ProgressView | undefined;
}

const INTERVAL = 10;

/** Tells how far a batch has come: live where somebody watches, and every so many runs in the log. */
export class BatchProgress {
  readonly #parts: BatchProgressParts;
  readonly #began = performance.now();

  constructor(parts: BatchProgressParts) {
    this.#parts = parts;
  }

  show({ tried, failed }: ProgressRecorder): void {
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
  ended(recorder: ProgressRecorder): void {
    const { total, logger } = this.#parts;
    const [successful, failed] = [recorder.successful.size, recorder.failed.size];
    const ended = recorder.tried.size;
    if (ended % INTERVAL === 0 || ended === total) {
      logger.info(`Progress: ${ended}/${total} runs processed (${successful} successful, ${failed} failed)`);
    }
    this.show(recorder);
  }

  end(): void {
    this.#parts.view?.end();
  }
}
