import { byRunNumber, type RunNumber, without } from '../runs/run-number.ts';
import { RunSet } from '../runs/run-set.ts';
import { advance, isAbove } from '../state/position.ts';
import type { StageState } from '../state/state.ts';
import type { PostponementReason, WaitingState } from '../state/waiting-runs.ts';

/** The runs at a stage's source and at its target, both ascending. */
export interface Listing {
  readonly source: readonly RunNumber[];
  readonly target: readonly RunNumber[];
  /** Something of these is at the target, but did not count when it was listed, and is not sent again; ascending. */
  readonly uncertain?: readonly RunNumber[];
}

/** What decides which runs an incremental execution looks at. */
export interface IncrementalView {
  /** max(last_contiguous_run, last_attempted_run) of the stage's state. */
  readonly position: RunNumber;
  /** Runs in the failure log: retrying them is the operator's choice. */
  readonly failed: ReadonlySet<RunNumber>;
  /** Runs at or below the position that were not at the source at the previous execution. */
  readonly late: ReadonlySet<RunNumber>;
  /** Runs that wait: by a fault they are candidates wherever the position is, and then not among `failed`. */
  readonly waiting: WaitingState;
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
 * What an incremental execution looks at: runs above the position, late ones, and those that wait by a fault, without those in
 * the failure log.
 * @param missing as {@link missingRuns} returns them
 */
export function incrementalRuns(missing: readonly RunNumber[], view: IncrementalView): RunNumber[] {
  return missing.filter(
    (run) =>
      (isAbove(run, view.position) || view.late.has(run) || view.waiting.byFault.has(run)) &&
      !view.failed.has(run),
  );
}

/** Says which of some runs are not to be tried for now, and why. */
export type Postponer = (runs: readonly RunNumber[]) => Promise<ReadonlyMap<RunNumber, PostponementReason>>;

/** The runs that one execution of a stage tries. */
export interface BatchPlan {
  /** Those that do not wait, ascending. */
  readonly others: readonly RunNumber[];
  /** Those that wait by a fault, those first that were tried least. */
  readonly waiting: readonly RunNumber[];
  /** At most so many of them all are tried. */
  readonly limit: number;
  /** Selected runs that are not tried though nothing failed. */
  readonly postponed: ReadonlyMap<RunNumber, PostponementReason>;
  /** All selected runs but the postponed ones that were found, ascending. */
  readonly selected: readonly RunNumber[];
  /**
   * The runs that decide how far the position moves, ascending: it never passes one that has not ended, so that none is
   * hidden by a selection. Empty when failed runs are retried: they are at any place, and leave the position alone.
   */
  readonly order: readonly RunNumber[];
}

/** How many runs a plan is for, at most. */
export function sizeOf({ others, waiting, limit }: BatchPlan): number {
  return Math.min(others.length + waiting.length, limit);
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
 * Chooses the runs to try. Runs that are postponed take no place in the batch, and only as many as need be are asked about, together.
 * Where failed runs are candidates besides others they get the places that are left, so that bad runs never keep all others out.
 */
export async function planBatch(
  listing: Listing,
  view: IncrementalView,
  request: {
    readonly mode: 'full' | 'incremental' | 'failed';
    readonly runs?: RunSet | undefined;
    readonly limit: number;
    /** The highest candidate waits (`app.exclude_most_recent_run`), but for retries. */
    readonly excludeMostRecentRun?: boolean;
  },
  postponer: Postponer = async () => new Map(),
): Promise<BatchPlan> {
  const missing = missingRuns(listing);
  const candidates = {
    full: () => missing,
    incremental: () => incrementalRuns(missing, view),
    failed: () => without([...view.failed], listing.target),
  }[request.mode]();
  const { runs, limit, mode } = request;
  const { byFault, beganWithWaiting } = view.waiting;
  const isWaiting = (run: RunNumber): boolean => byFault.has(run);
  const { uncertain = [] } = listing;
  const open = without(candidates, uncertain);
  const mostRecent = request.excludeMostRecentRun === true && mode !== 'failed' ? open.at(-1) : undefined;
  const isSelected = (run: RunNumber): boolean => runs?.has(run) ?? true;
  const postponed = new Map<RunNumber, PostponementReason>();
  if (mostRecent !== undefined && isSelected(mostRecent)) postponed.set(mostRecent, 'most-recent');
  const selected = open.filter((run) => isSelected(run) && run !== mostRecent);
  const fresh = selected.filter((run) => !view.failed.has(run) && !isWaiting(run));
  const cycles = (run: RunNumber): number => byFault.get(run)?.cycles ?? 0;
  const inTurn = selected.filter(isWaiting).sort((a, b) => cycles(a) - cycles(b) || byRunNumber(a, b));
  const waiting = await ready(inTurn, limit, postponer, postponed);
  // An execution of one run alternates between those that wait and the others.
  const isTheirTurn = limit === 1 && waiting.length > 0 && !beganWithWaiting;
  const failed = selected.filter((run) => view.failed.has(run));
  const others = isTheirTurn ? [] : await ready([...fresh, ...failed], limit, postponer, postponed);
  // Those that are uncertain and not in the failure log hold the position back.
  const deciding = without(
    candidates,
    uncertain.filter((run) => view.failed.has(run)),
  );
  return {
    others: others.sort(byRunNumber),
    waiting,
    limit,
    postponed,
    selected: selected.filter((run) => !postponed.has(run)),
    // What waits below the position holds nothing back: it is a candidate wherever the position is.
    order: mode === 'failed' ? [] : deciding.filter((run) => isAbove(run, view.position) || !isWaiting(run)),
  };
}

/**
 * The first runs that are not postponed. To ask may take a while, however many runs it is about: each time as many are asked about as
 * in all times before.
 * @param postponed gets those that are
 */
async function ready(
  runs: readonly RunNumber[],
  limit: number,
  postponer: Postponer,
  postponed: Map<RunNumber, PostponementReason>,
): Promise<RunNumber[]> {
  let found: RunNumber[] = [];
  for (let next = 0; next < runs.length && found.length < limit; ) {
    const asked = runs.slice(next, next + Math.max(limit - found.length, next));
    next += asked.length;
    const later = await postponer(asked);
    for (const [run, reason] of later) postponed.set(run, reason);
    found = found.concat(asked.filter((run) => !later.has(run)));
  }
  return found.slice(0, limit);
}

/** The postponed runs by reason. */
export function byReason(
  postponed: ReadonlyMap<RunNumber, PostponementReason>,
): ReadonlyMap<PostponementReason, RunSet> {
  const reasons = [...new Set(postponed.values())];
  const runsOf = (reason: PostponementReason): RunNumber[] =>
    [...postponed.keys()].filter((run) => postponed.get(run) === reason);
  return new Map(reasons.map((reason) => [reason, RunSet.of(runsOf(reason))]));
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
