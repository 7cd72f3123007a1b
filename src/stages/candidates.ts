import { advance } from '../persistence/position.ts';
import type { StageState } from '../persistence/state-text.ts';
import { type RunNumber, without } from '../run-number.ts';
import type { RunSet } from '../run-set.ts';

/** The runs at a stage's source and at its target, both ascending. */
export interface Listing {
  readonly source: readonly RunNumber[];
  readonly target: readonly RunNumber[];
}

/** What decides which runs an incremental execution looks at. */
export interface IncrementalView {
  /** max(last_contiguous_run, last_attempted_run) of the stage's state. */
  readonly position: RunNumber;
  /** Runs in the failure log: retrying them is the operator's choice. */
  readonly failed: ReadonlySet<RunNumber>;
  /** Runs at or below the position that were not at the source at the previous execution. */
  readonly late: ReadonlySet<RunNumber>;
}

/** The lowest run at source or target; both are ascending. */
export function lowestRun({ source, target }: Listing): RunNumber | undefined {
  const lowest = Math.min(source[0] ?? Infinity, target[0] ?? Infinity);
  return Number.isFinite(lowest) ? lowest : undefined;
}

/** Runs at the source that the target lacks, ascending. */
export function missingRuns(listing: Listing): RunNumber[] {
  return without(listing.source, listing.target);
}

/**
 * What an incremental execution looks at: runs above the position and late ones, without those in the failure log.
 * @param missing as {@link missingRuns} returns them
 */
export function incrementalRuns(missing: readonly RunNumber[], view: IncrementalView): RunNumber[] {
  return missing.filter((run) => (run > view.position || view.late.has(run)) && !view.failed.has(run));
}

/** The runs that one execution of a stage processes. */
export interface BatchPlan {
  /** Ascending. */
  readonly batch: readonly RunNumber[];
  /** How many selected runs are left for a later execution. */
  readonly left: number;
  /**
   * The runs that decide how far the position moves, ascending: it never passes one that has not ended, so that none is
   * hidden by a selection. Empty when failed runs are retried: they are at any place, and leave the position alone.
   */
  readonly order: readonly RunNumber[];
}

/** Chooses the runs to process. */
export function planBatch(
  listing: Listing,
  view: IncrementalView,
  request: {
    readonly mode: 'full' | 'incremental' | 'failed';
    readonly runs?: RunSet | undefined;
    readonly limit: number;
  },
): BatchPlan {
  const missing = missingRuns(listing);
  const candidates = {
    full: () => missing,
    incremental: () => incrementalRuns(missing, view),
    failed: () => without([...view.failed], listing.target),
  }[request.mode]();
  const { runs } = request;
  const selected = runs === undefined ? candidates : candidates.filter((run) => runs.has(run));
  const batch = selected.slice(0, request.limit);
  return { batch, left: selected.length - batch.length, order: request.mode === 'failed' ? [] : candidates };
}

/** The state with what is at the target already, whoever brought it there. */
export function countArchived(state: StageState, listing: Listing): StageState {
  return advance(state, {
    successes: [],
    attempted: [],
    archivedBefore: listing.target,
    lowestKnown: lowestRun(listing),
  });
}

/**
 * The highest run up to which every run of an order has ended. A crash after this point can't hide a run below it that
 * was still in progress.
 * @param order ascending
 */
export function attemptedUpTo(
  order: readonly RunNumber[],
  ended: ReadonlySet<RunNumber>,
): RunNumber | undefined {
  let last: RunNumber | undefined;
  for (const run of order) {
    if (!ended.has(run)) break;
    last = run;
  }
  return last;
}
