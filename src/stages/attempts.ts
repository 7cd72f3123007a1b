import { ArchiverError, messageOf, NotYetError } from '../errors.ts';
import type { Logger } from '../log/logger.ts';
import { pause } from '../net/backoff.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { isSystemError } from '../system-error.ts';
import { type RunEnd, Visit } from './visit.ts';

/** How often and how far apart a run is tried. */
export interface AttemptOptions {
  /** Configured attempts after the first. Only errors that are retryable use them. */
  readonly retries: number;
  readonly retryDelaySeconds: number;
  /** A single attempt, whatever the configuration says: others failed just before. */
  readonly once: boolean;
  /** Once aborted, a run is left to the next execution, unless it failed by its own fault. */
  readonly shutdown: AbortSignal;
  /** Once aborted, there is no further attempt. */
  readonly ending: AbortSignal;
  /** Waits, or returns early when the signal aborts. */
  readonly sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Does one run's work with the configured attempts, and logs how each ended.
 * Never throws: an unexpected error fails only this run.
 */
export async function attemptRun(
  run: RunNumber,
  work: (run: RunNumber, visit: Visit) => Promise<void>,
  { retries, retryDelaySeconds, once, shutdown, ending, sleep = pause }: AttemptOptions,
  logger: Logger,
): Promise<RunEnd> {
  const total = once ? 1 : retries + 1;
  const stop = AbortSignal.any([shutdown, ending]);
  for (let attempt = 1; ; attempt++) {
    logger.info(`→ Processing run ${run} (attempt ${attempt}/${total})`);
    const visit = new Visit(stop);
    const { reached } = visit;
    try {
      await work(run, visit);
      return { kind: 'archived', reached };
    } catch (error) {
      if (error instanceof NotYetError) {
        logger.info(`Run ${run} is left for later: ${error.message}`);
        return { kind: 'left' };
      }
      if (!(error instanceof ArchiverError)) {
        const stack = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
        logger.error(`✗ Run ${run} failed with an unexpected error: ${stack}`);
        const [message, place] = [messageOf(error), undefined];
        const fault = isSystemError(error) ? 'unknown' : 'run';
        return { kind: 'failed', reached, fault, place, message, isFullCycle: true };
      }
      logger.error(`✗ Run ${run} failed (attempt ${attempt}/${total}): ${error.message}`);
      const { message, fault, place, retryable } = error;
      const isLast = !retryable || attempt === total;
      if (!isLast && !shutdown.aborted && !ending.aborted) {
        logger.info(`Retrying run ${run} in ${retryDelaySeconds} seconds...`);
        await sleep(retryDelaySeconds * 1000, stop);
      }
      if (shutdown.aborted && (fault !== 'run' || !isLast)) {
        logger.info(`Run ${run} is left to the next execution, as this one was asked to stop`);
        return { kind: 'left' };
      }
      if (!isLast && !ending.aborted) continue;
      const isFullCycle = !retryable || attempt === retries + 1;
      return { kind: 'failed', reached, fault, place, message, isFullCycle };
    }
  }
}
