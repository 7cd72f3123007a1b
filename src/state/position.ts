import type { RunNumber } from '../runs/run-number.ts';
import { RunSet } from '../runs/run-set.ts';
import type { StageState } from './state.ts';

/** What a batch has achieved so far. */
export interface Progress {
  /** All runs of the batch that are at the target now, not only those since the last time. */
  readonly successes: ReadonlySet<RunNumber>;
  /** Runs that were tried. A crash would lose a run below one of them that is still in progress. */
  readonly attempted: readonly RunNumber[];
  /** Runs that were at the target before the batch: an earlier execution may have crashed before it counted them. */
  readonly archivedBefore?: RunSet;
  /** The lowest run at source or target, where the contiguous runs begin. Default: the lowest of the runs above. */
  readonly lowestKnown?: RunNumber | undefined;
}

/** Incremental executions look at runs above this one. */
export function positionOf(state: StageState): RunNumber {
  return Math.max(state.lastContiguousRun, state.lastAttemptedRun);
}

/** Is a run above a position? Zero means "none yet", so run 0 is above it as well. */
export function isAbove(run: RunNumber, position: RunNumber): boolean {
  return run > position || position === 0;
}

/**
 * The state after a batch's progress. The contiguous run moves over successful runs while each is exactly one above the
 * last; a stage that has none yet begins at the lowest run known. The attempted run never goes down.
 */
export function advance(state: StageState, progress: Progress): StageState {
  const lastContiguousRun = nextContiguous(state.lastContiguousRun, progress);
  const moved = lastContiguousRun > state.lastContiguousRun ? [lastContiguousRun] : [];
  return {
    lastContiguousRun,
    lastAttemptedRun: highest([...progress.attempted, ...moved], state.lastAttemptedRun),
  };
}

/** The state that follows from the runs at the target alone: all zero if there are none. */
export function recompute(atTarget: readonly RunNumber[]): StageState {
  const { ranges } = RunSet.of(atTarget);
  return { lastContiguousRun: ranges[0]?.last ?? 0, lastAttemptedRun: ranges.at(-1)?.last ?? 0 };
}

function nextContiguous(current: RunNumber, progress: Progress): RunNumber {
  const { successes, attempted, archivedBefore = RunSet.of([]) } = progress;
  if (current > 0) return unbroken(current, successes, archivedBefore);
  const before = archivedBefore.ranges[0]?.first;
  const known = [progress.lowestKnown, lowestOf(successes), lowestOf(attempted), before];
  const lowest = lowestOf(known.filter((run) => run !== undefined));
  if (lowest === undefined || !(successes.has(lowest) || archivedBefore.has(lowest))) return current;
  return unbroken(lowest, successes, archivedBefore);
}

/** The last run of an unbroken row that begins with this one. */
function unbroken(from: RunNumber, successes: ReadonlySet<RunNumber>, before: RunSet): RunNumber {
  let last = from;
  for (;;) {
    const next = last + 1;
    const row = before.rangeOf(next);
    if (row !== undefined) last = row.last;
    else if (successes.has(next)) last = next;
    else return last;
  }
}

function lowestOf(runs: Iterable<RunNumber>): RunNumber | undefined {
  let lowest: RunNumber | undefined;
  for (const run of runs) if (lowest === undefined || run < lowest) lowest = run;
  return lowest;
}

function highest(runs: readonly RunNumber[], atLeast: RunNumber): RunNumber {
  let found = atLeast;
  for (const run of runs) if (run > found) found = run;
  return found;
}
