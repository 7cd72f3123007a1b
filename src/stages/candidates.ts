import { type RunNumber, without } from '../run-number.ts';

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

/**
 * The highest run up to which every run of the batch has ended. A crash after this point can't hide a run below it that
 * was still in progress.
 * @param batch ascending
 */
export function attemptedUpTo(
  batch: readonly RunNumber[],
  ended: ReadonlySet<RunNumber>,
): RunNumber | undefined {
  let last: RunNumber | undefined;
  for (const run of batch) {
    if (!ended.has(run)) break;
    last = run;
  }
  return last;
}
