import type { Place } from '../errors.ts';
import type { Logger } from '../log/logger.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { formatRuns } from '../runs/run-set.ts';
import { type BatchWork, processBatch } from './batch.ts';
import type { IncrementalView, Listing } from './candidates.ts';
import { Schedule, signOf } from './schedule.ts';
import type { FailedRun } from './stage-observer.ts';
import type { Visit } from './visit.ts';

/** What is done about one run; returning means that it is well. Throws otherwise. */
export type RunWork = (run: RunNumber, logger: Logger, visit: Visit) => Promise<void>;

/** Runs that are at the target and do not count as archived until they were compared. */
export interface Comparisons {
  /** To be compared now, ascending. */
  readonly runs: readonly RunNumber[];
  /** Known to differ, or impossible to compare: these are named, and nothing else happens. */
  readonly known: readonly FailedRun[];
  readonly work: RunWork;
}

/** Runs that are archived and need something more. */
export interface FollowUps {
  readonly runs: readonly RunNumber[];
  /** What each of them needs, for the log: `runs are to have …`. */
  readonly what: string;
  readonly work: RunWork;
}

/** How the work before the batch went. It takes no place in the batch, and leaves the position to it. */
export interface Beforehand {
  readonly successful: readonly RunNumber[];
  readonly failed: readonly FailedRun[];
  readonly notProcessed: number;
  /** The failure by a fault that may be the site's, if there was one. */
  readonly error: string | undefined;
  readonly brokenPlace: Place | undefined;
  /** Is it the site's fault for certain? Then no other run is tried. */
  readonly isBrokenBySite: boolean;
  /** Did it end with a failure that may be the site's? Then the batch begins with single attempts. */
  readonly isAlarming: boolean;
}

/** Nothing was to be done. */
export const nothingBeforehand: Beforehand = {
  successful: [],
  failed: [],
  notProcessed: 0,
  error: undefined,
  brokenPlace: undefined,
  isBrokenBySite: false,
  isAlarming: false,
};

/** Both, one after the other. */
export function joined(first: Beforehand, second: Beforehand): Beforehand {
  return {
    successful: [...first.successful, ...second.successful],
    failed: [...first.failed, ...second.failed],
    notProcessed: first.notProcessed + second.notProcessed,
    error: first.error ?? second.error,
    brokenPlace: first.brokenPlace ?? second.brokenPlace,
    isBrokenBySite: first.isBrokenBySite || second.isBrokenBySite,
    isAlarming: first.isAlarming || second.isAlarming,
  };
}

/**
 * Compares the runs that wait for it. How each ends is recorded like the end of a run of a batch.
 * @throws PersistenceError as {@link processBatch} does
 */
export async function compareRuns(
  runs: readonly RunNumber[],
  listing: Listing,
  view: IncrementalView,
  { label, ...work }: BatchWork,
): Promise<Beforehand> {
  work.context.logger.info(
    `${label}: ${runs.length} runs were uploaded, but not found equal since; they are compared first: ${formatRuns(runs)}`,
  );
  const { byFault } = view.waiting;
  const plan = {
    others: runs.filter((run) => !byFault.has(run)),
    waiting: runs.filter((run) => byFault.has(run)),
    limit: Infinity,
    postponed: new Map(),
    selected: runs,
    order: [],
  };
  const start = { isAlarmed: false, waiting: view.waiting };
  const result = await processBatch(plan, listing, view, start, { ...work, label: `${label} (comparison)` });
  const { successful, failed, notProcessed, error } = result;
  return {
    ...result,
    // A few blobs that can't be read must not keep all other runs out, not even after an outage.
    isAlarming:
      error !== undefined || (successful.length === 0 && failed.length + notProcessed < runs.length),
  };
}

/** Does what archived runs need. One that fails stays archived: its own record names it, and never the failure log. */
export async function followUp(
  { runs, what }: Omit<FollowUps, 'work'>,
  { label, context: { logger, shutdown }, attempt }: BatchWork,
): Promise<Beforehand> {
  if (runs.length > 0) logger.info(`${label}: ${runs.length} archived runs are to have ${what}`);
  const schedule = new Schedule({ others: runs, waiting: [], limit: Infinity, isAlarmed: false });
  const failed: FailedRun[] = [];
  let [error, brokenPlace]: [string | undefined, Place | undefined] = [undefined, undefined];
  for (let run = schedule.next(); run !== undefined && !shutdown.aborted; run = schedule.next()) {
    const end = await attempt(run, { once: schedule.isAlarmed, ending: shutdown });
    if (end.kind === 'left' || end.kind === 'returned') {
      schedule.withdrawn(run);
      continue;
    }
    schedule.ended(run, signOf(end));
    if (end.kind === 'archived') continue;
    if (end.fault === 'run') failed.push({ run, error: end.message });
    else {
      brokenPlace = end.place;
      error = `run ${run} could not have ${what}; the next execution tries it again: ${end.message}`;
    }
  }
  const isBrokenBySite = schedule.end === 'site';
  const isAlarming = error !== undefined;
  return { ...nothingBeforehand, failed, error, brokenPlace, isBrokenBySite, isAlarming };
}
