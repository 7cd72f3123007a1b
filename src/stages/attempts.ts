import { setTimeout as delay } from 'node:timers/promises';
import { ArchiverError, messageOf, NotYetError } from '../errors.ts';
import type { RunNumber } from '../run-number.ts';
import type { Logger } from '../services/logger.ts';

/** How often and how far apart a run is tried. */
export interface AttemptOptions {
  /** Further attempts after the first; only for errors that say a repeat may help. */
  readonly retries: number;
  readonly retryDelaySeconds: number;
  /** Once aborted, no further attempt is made. */
  readonly shutdown: AbortSignal;
  /** Waits, or returns early when the signal aborts. */
  readonly sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

async function interruptibleSleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(milliseconds, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/**
 * Does one run's work with the configured attempts, and logs how each ended.
 * @returns undefined if the run succeeded, else why it failed or (NotYetError) is left for later. Never throws: an unexpected error fails this run only.
 */
export async function attemptRun(
  run: RunNumber,
  work: (run: RunNumber) => Promise<void>,
  options: AttemptOptions,
  logger: Logger,
): Promise<unknown> {
  const total = options.retries + 1;
  for (let attempt = 1; ; attempt++) {
    logger.info(`→ Processing run ${run} (attempt ${attempt}/${total})`);
    try {
      await work(run);
      return undefined;
    } catch (error) {
      if (error instanceof NotYetError) {
        logger.info(`Run ${run} is left for later: ${error.message}`);
        return error;
      }
      if (!(error instanceof ArchiverError)) {
        const stack = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
        logger.error(`✗ Run ${run} failed with an unexpected error: ${stack}`);
        return error;
      }
      logger.error(`✗ Run ${run} failed (attempt ${attempt}/${total}): ${error.message}`);
      if (!error.retryable || attempt === total || options.shutdown.aborted) return error;
      logger.info(`Retrying run ${run} in ${options.retryDelaySeconds} seconds...`);
      await (options.sleep ?? interruptibleSleep)(options.retryDelaySeconds * 1000, options.shutdown);
      if (options.shutdown.aborted) return error;
    }
  }
}
