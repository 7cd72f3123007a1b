import {
  ArchiverError,
  type ErrorFault,
  messageOf,
  NotYetError,
  type Place,
  SharedWriteError,
} from '../errors.ts';
import type { Logger } from '../log/logger.ts';
import { pause } from '../net/backoff.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { isSystemError } from '../system-error.ts';
import { Visit } from './visit.ts';
import type { WorkerSlot } from './worker-slot.ts';

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
  /** The worker's slot that the run holds. */
  readonly slot?: WorkerSlot;
  /** Waits, or returns early when the signal aborts. */
  readonly sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** How one run's attempts in one execution ended. */
export type RunEnd =
  /** The target has the run. `reached`: the places where its work succeeded. */
  | { readonly kind: 'archived'; readonly reached: ReadonlySet<Place> }
  /** Neither archived nor failed: a request to stop came, or its time has not come. */
  | { readonly kind: 'left' }
  /** A write that it shared with other runs failed. It has to be stored alone. */
  | {
      readonly kind: 'returned';
      readonly place: Place | undefined;
      /** Did all runs of that write fail? */
      readonly isWhole: boolean;
    }
  | {
      readonly kind: 'failed';
      /** The places where the last attempt succeeded before it failed. */
      readonly reached: ReadonlySet<Place>;
      readonly fault: ErrorFault;
      /** Where it failed; undefined if at none of the places. */
      readonly place: Place | undefined;
      readonly message: string;
      /** Did the run get all the attempts that the configuration allows? */
      readonly isFullCycle: boolean;
    };

/**
 * Does one run's work with the configured attempts, and logs how each ended.
 * Never throws: an unexpected error fails only this run.
 */
export async function attemptRun(
  run: RunNumber,
  work: (run: RunNumber, visit: Visit) => Promise<void>,
  { retries, retryDelaySeconds, once, shutdown, ending, slot, sleep = pause }: AttemptOptions,
  logger: Logger,
): Promise<RunEnd> {
  const total = once ? 1 : retries + 1;
  const stop = AbortSignal.any([shutdown, ending]);
  for (let attempt = 1; ; attempt++) {
    logger.info(`→ Processing run ${run} (attempt ${attempt}/${total})`);
    const visit = new Visit(stop, slot);
    const { reached } = visit;
    try {
      await work(run, visit);
      return { kind: 'archived', reached };
    } catch (error) {
      slot?.takeBack();
      if (error instanceof SharedWriteError && !shutdown.aborted) {
        const reason = error.isWhole ? 'a write that it shared with others failed' : error.message;
        logger.info(`Run ${run} comes again, alone: ${reason}`);
        return { kind: 'returned', place: error.place, isWhole: error.isWhole };
      }
      if (error instanceof NotYetError) {
        logger.info(`Run ${run} is left for later: ${error.message}`);
        return { kind: 'left' };
      }
      if (!(error instanceof ArchiverError)) {
        const stack = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
        logger.child({ error }).error(`✗ Run ${run} failed with an unexpected error: ${stack}`);
        const [message, place] = [messageOf(error), undefined];
        const fault = isSystemError(error) ? 'unknown' : 'run';
        return { kind: 'failed', reached, fault, place, message, isFullCycle: true };
      }
      const failure = `✗ Run ${run} failed (attempt ${attempt}/${total}): ${error.message}`;
      logger.child({ error }).error(failure);
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
