import { byRunNumber, type RunNumber } from '../runs/run-number.ts';
import { RunSet, without } from '../runs/run-set.ts';
import { advance, isAbove } from '../state/position.ts';
import type { StageState } from '../state/state.ts';
import type { PostponementReason, WaitingState } from '../state/waiting-runs.ts';

/** The runs at a stage's source and at its target. */
export interface Listing {
  readonly source: RunSet;
  readonly target: RunSet;
  /** Runs of which the target has something that did not count when it was listed; not sent again; ascending. */
  readonly uncertain?: readonly RunNumber[];
  /** Runs that somebody gave up: nobody archives or completes them. None if absent. */
  readonly givenUp?: RunSet | undefined;
}

/** What decides which runs are candidates. */
export interface IncrementalView {
  /** max(last_contiguous_run, last_attempted_run) of the stage's state. */
  readonly position: RunNumber;
  /** Runs in the failure log. Only an operator has them retried. */
  readonly failed: ReadonlySet<RunNumber>;
  /** Runs at or below the position that were not at the source at the previous execution. */
  readonly late: ReadonlySet<RunNumber>;
  /** Runs that wait. Those that wait because of a fault are candidates wherever the position is, and never among `failed`. */
  readonly waiting: WaitingState;
}

/** The lowest run at source or target. */
export function lowestRun({ source, target }: Listing): RunNumber | undefined {
  const lowest = Math.min(source.ranges[0]?.first ?? Infinity, target.ranges[0]?.first ?? Infinity);
  return Number.isFinite(lowest) ? lowest : undefined;
}

/** Runs at the source that the target lacks, ascending; without those that are given up. */
export function missingRuns({ source, target, givenUp }: Listing): RunNumber[] {
  const missing = source.minus(target);
  return (givenUp === undefined ? missing : missing.minus(givenUp)).toNumbers();
}

/** The listing without the runs that are given up. */
export function withoutGivenUp(listing: Listing): Listing {
  const { source, target, uncertain = [], givenUp } = listing;
  if (givenUp === undefined) return listing;
  return {
    ...listing,
    source: source.minus(givenUp),
    target: target.minus(givenUp),
    uncertain: uncertain.filter((run) => !givenUp.has(run)),
  };
}

/**
 * The candidates of an incremental execution: runs above the position, late ones, and those that wait because of a fault;
 * without those in the failure log.
 * @param missing as {@link missingRuns} returns them
 */
export function incrementalRuns(missing: readonly RunNumber[], view: IncrementalView): RunNumber[] {
  return missing.filter(
    (run) =>
      (isAbove(run, view.position) || view.late.has(run) || view.waiting.byFault.has(run)) &&
      !view.failed.has(run),
  );
}

/** Says which of some runs should not be tried now, and why. */
export type Postponer = (runs: readonly RunNumber[]) => Promise<ReadonlyMap<RunNumber, PostponementReason>>;

/** The runs that one execution of a stage may try. */
export interface BatchPlan {
  /** Those that do not wait, ascending. */
  readonly others: readonly RunNumber[];
  /** Those that wait because of a fault; those tried least come first. */
  readonly waiting: readonly RunNumber[];
  /** The most runs to try of both. */
  readonly limit: number;
  /** Selected runs that are left for later although nothing failed. */
  readonly postponed: ReadonlyMap<RunNumber, PostponementReason>;
  /** All selected runs without those found to be postponed, ascending. */
  readonly selected: readonly RunNumber[];
  /**
   * The runs that decide how far the position moves, ascending: it never passes one that has not ended, so that a selection
   * hides none. Empty for a retry: failed runs are anywhere, and leave the position alone.
   */
  readonly order: readonly RunNumber[];
}

/** The most runs that a plan tries. */
export function sizeOf({ others, waiting, limit }: BatchPlan): number {
  return Math.min(others.length + waiting.length, limit);
}

/** The most runs that one execution of a stage processes. */
export function limitOf(
  { mode, limit }: { readonly mode: 'full' | 'incremental' | 'failed'; readonly limit?: number | undefined },
  batchSize: number,
): number {
  if (limit !== undefined) return limit;
  return mode === 'failed' ? Infinity : mode === 'incremental' ? batchSize : batchSize * 10;
}

/**
 * Chooses the runs to try. Postponed runs take no place in the batch, and the postponer is asked about no more runs than the
 * batch needs. Failed runs get the places that others leave, so that bad runs never keep all others out.
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
    failed: () => [...view.failed].filter((run) => !listing.target.has(run)),
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
  // Executions of one run each alternate between runs that wait and the others.
  const isTheirTurn = limit === 1 && waiting.length > 0 && !beganWithWaiting;
  const failed = selected.filter((run) => view.failed.has(run));
  const others = isTheirTurn ? [] : await ready([...fresh, ...failed], limit, postponer, postponed);
  // Uncertain runs hold the position back unless they are in the failure log.
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
    // A run that waits below the position holds nothing back: it is a candidate wherever the position is.
    order: mode === 'failed' ? [] : deciding.filter((run) => isAbove(run, view.position) || !isWaiting(run)),
  };
}

/**
 * The first runs that are not postponed. Each question takes a while, however many runs it is about, so each asks about as
 * many as all before.
 * @param postponed receives those that are
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

/** The state that counts all runs at the target, whoever brought them there. */
export function countArchived(state: StageState, listing: Listing): StageState {
  return advance(state, {
    successes: new Set(),
    attempted: [],
    archivedBefore: listing.target,
    lowestKnown: lowestRun(listing),
  });
}

/**
 * The highest run of an order up to which all have ended. If the position moves only so far, a crash hides no run that was still
 * in progress. Each look goes on where the last one stopped.
 */
export class AttemptedOrder {
  readonly #order: readonly RunNumber[];
  #passed = 0;

  /** @param order ascending */
  constructor(order: readonly RunNumber[]) {
    this.#order = order;
  }

  /** @param ended grows from call to call */
  upTo(ended: ReadonlySet<RunNumber>): RunNumber | undefined {
    for (let run = this.#order[this.#passed]; run !== undefined && ended.has(run); ) {
      run = this.#order[++this.#passed];
    }
    return this.#order[this.#passed - 1];
  }
}
