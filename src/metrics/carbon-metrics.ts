import type { RunRequest } from '../cli/request.ts';
import type { StageObserver, StageOutcome } from '../stages/stage-observer.ts';
import type { CarbonClient } from './carbon.ts';

/**
 * What the migrate stage tells Carbon; the names are those of the Python archiver, and as there neither a retry of failed
 * runs nor a stage that could not determine its runs posts them.
 */
export class CarbonMetrics implements StageObserver {
  readonly #carbon: Pick<CarbonClient, 'post' | 'send'>;
  #isRetry = false;

  constructor(carbon: Pick<CarbonClient, 'post' | 'send'>) {
    this.#carbon = carbon;
  }

  begin(mode: RunRequest['mode']): void {
    this.#isRetry = mode === 'retry-failed';
  }

  async stageEnded({ stage, successful, failed, error }: StageOutcome): Promise<void> {
    if (stage !== 'migrate' || this.#isRetry || error !== undefined) return;
    this.#carbon.post('migrate.runs_processed', successful.length + failed.length);
    this.#carbon.post('migrate.runs_successful', successful.length);
    this.#carbon.post('migrate.runs_failed', failed.length);
    if (successful.length === 0) return;
    const highest = successful.reduce((one, other) => Math.max(one, other));
    this.#carbon.post('migrate.last_successful_run', highest);
  }

  async close(): Promise<void> {
    await this.#carbon.send();
  }
}
