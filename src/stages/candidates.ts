import { advance, isAbove } from '../persistence/position.ts';
import type { StageState } from '../persistence/state-text.ts';
import { byRunNumber, type RunNumber, without } from '../run-number.ts';
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
  return missing.filter(
    (run) => (isAbove(run, view.position) || view.late.has(run)) && !view.failed.has(run),
  );
}

/** Why a run is left for later, as in "runs wait …"; undefined if it is not. */
export type Postponement = (run: RunNumber) => Promise<string | undefined>;

/** The runs that one execution of a stage processes. */
export interface BatchPlan {
  /** Ascending. */
  readonly batch: readonly RunNumber[];
  /** Selected runs below the end of the batch that are left for later: reason -> runs, ascending. */
  readonly waiting: ReadonlyMap<string, readonly RunNumber[]>;
  /** How many selected runs are left for a later execution. */
  readonly left: number;
  /**
   * The runs that decide how far the position moves, ascending: it never passes one that has not ended, so that none is
   * hidden by a selection. Empty when failed runs are retried: they are at any place, and leave the position alone.
   */
  readonly order: readonly RunNumber[];
}

/** How many runs one execution of a stage processes at most. */
export function limitOf(
  { mode, limit }: { readonly mode: 'full' | 'incremental' | 'failed'; readonly limit?: number | undefined },
  batchSize: number,
): number {
  if (limit !== undefined) return limit;
  return mode === 'failed' ? Infinity : mode === 'incremental' ? batchSize : batchSize * 10;
}

/**
 * Chooses the runs to process. Runs that wait take no place in the batch, and only as many as need be are asked about. Where
 * failed runs are candidates besides others they get the places that are left, so that bad runs never keep all others out.
 */
export async function planBatch(
  listing: Listing,
  view: IncrementalView,
  request: {
    readonly mode: 'full' | 'incremental' | 'failed';
    readonly runs?: RunSet | undefined;
    readonly limit: number;
  },
  postponed: Postponement = async () => undefined,
): Promise<BatchPlan> {
  const missing = missingRuns(listing);
  const candidates = {
    full: () => missing,
    incremental: () => incrementalRuns(missing, view),
    failed: () => without([...view.failed], listing.target),
  }[request.mode]();
  const { runs } = request;
  const selected = runs === undefined ? candidates : candidates.filter((run) => runs.has(run));
  const order = request.mode === 'failed' ? [] : candidates;
  const others = selected.filter((run) => !view.failed.has(run));
  const batch: RunNumber[] = [];
  const waiting = new Map<string, RunNumber[]>();
  let left = selected.length;
  for (const run of [...others, ...without(selected, others)]) {
    if (batch.length >= request.limit) break;
    left--;
    const reason = await postponed(run);
    if (reason === undefined) batch.push(run);
    else waiting.set(reason, [...(waiting.get(reason) ?? []), run].sort(byRunNumber));
  }
  return { batch: batch.sort(byRunNumber), waiting, left, order };
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
