import type { Logger } from '../log/logger.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { attemptRun } from './attempts.ts';
import type { RunWork } from './before-batch.ts';
import { followSchedule } from './follow-schedule.ts';
import { Schedule, signOf } from './schedule.ts';
import type { WorkerSlot } from './worker-slot.ts';

/** How runs are worked through. */
export interface WorkThroughOptions {
  /** The log lines begin with it. */
  readonly label: string;
  readonly logger: Logger;
  readonly settings: { readonly runProcessRetries: number; readonly retryDelaySeconds: number };
  /** Runs in progress at once. */
  readonly atOnce: number;
  /** Did the work before this meet a failure that may be the site's fault? */
  readonly isAlarmed: boolean;
  /** Once aborted, no further run begins. */
  readonly shutdown: AbortSignal;
  /** Hears of each run how it ended: with an error, or well. */
  readonly ended: (run: RunNumber, error: string | undefined) => void;
}

/** How it went. */
export interface WorkedThrough {
  /** Why no further run was begun: a fault of the site. Undefined if all were tried, or a stop came. */
  readonly error: string | undefined;
  /** Was the last failure one that may be the site's fault? */
  readonly isAlarmed: boolean;
}

/**
 * Works on runs as a stage does, several at once and with its attempts, but keeps nothing between executions: the caller knows
 * which runs are still to be done. An outage ends it after a few runs.
 */
export async function workThrough(
  runs: readonly RunNumber[],
  work: RunWork,
  { label, logger, settings, atOnce, isAlarmed, shutdown, ended }: WorkThroughOptions,
): Promise<WorkedThrough> {
  const { runProcessRetries: retries, retryDelaySeconds } = settings;
  const schedule = new Schedule({ others: runs, waiting: [], limit: Infinity, isAlarmed });
  const ending = new AbortController();
  let error: string | undefined;
  const process = async (run: RunNumber, slot: WorkerSlot): Promise<void> => {
    const ofRun = logger.child({ run });
    const attempts = {
      retries,
      retryDelaySeconds,
      shutdown,
      once: schedule.isAlarmed,
      ending: ending.signal,
      slot,
    };
    const end = await attemptRun(run, (number, visit) => work(number, ofRun, visit), attempts, ofRun);
    if (end.kind === 'left') return schedule.withdrawn(run);
    if (end.kind === 'returned') return schedule.returned(run);
    schedule.ended(run, signOf(end));
    ended(run, end.kind === 'failed' ? end.message : undefined);
    const isBroken = schedule.end === 'site' || schedule.end === 'outage';
    if (end.kind !== 'failed' || !isBroken || error !== undefined) return;
    error = end.place === undefined ? end.message : `${end.place}: ${end.message}`;
    logger.critical(`${label}: no further runs are started: ${error}`);
    ending.abort();
  };
  const stop = AbortSignal.any([shutdown, ending.signal]);
  await followSchedule(schedule, { workers: atOnce, stop }, process);
  return { error, isAlarmed: schedule.isAlarmed };
}
