import type { RunNumber } from '../runs/run-number.ts';
import type { StageState } from './state.ts';

/** What a batch has achieved so far. */
export interface Progress {
  /** All runs of the batch that are at the target now, not only those since the last time. */
  readonly successes: readonly RunNumber[];
  /** Runs that were tried. A crash would lose a run below one of them that is still in progress. */
  readonly attempted: readonly RunNumber[];
  /** Runs that were at the target before the batch: an earlier execution may have crashed before it counted them. */
  readonly archivedBefore?: readonly RunNumber[];
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
  const lowest = lowestOf(atTarget);
  if (lowest === undefined) return { lastContiguousRun: 0, lastAttemptedRun: 0 };
  return {
    lastContiguousRun: unbroken(lowest, new Set(atTarget)),
    lastAttemptedRun: highest(atTarget, lowest),
  };
}

function nextContiguous(current: RunNumber, progress: Progress): RunNumber {
  const { successes, attempted, archivedBefore = [] } = progress;
  const archived = new Set([...archivedBefore, ...successes]);
  if (current > 0) return unbroken(current, archived);
  const known = [progress.lowestKnown, lowestOf(successes), lowestOf(attempted), lowestOf(archivedBefore)];
  const lowest = lowestOf(known.filter((run) => run !== undefined));
  return lowest !== undefined && archived.has(lowest) ? unbroken(lowest, archived) : current;
}

function unbroken(from: RunNumber, runs: ReadonlySet<RunNumber>): RunNumber {
  let last = from;
  while (runs.has(last + 1)) last += 1;
  return last;
}

function lowestOf(runs: readonly RunNumber[]): RunNumber | undefined {
  let lowest = runs[0];
  for (const run of runs) if (lowest === undefined || run < lowest) lowest = run;
  return lowest;
}

function highest(runs: readonly RunNumber[], atLeast: RunNumber): RunNumber {
  let found = atLeast;
  for (const run of runs) if (run > found) found = run;
  return found;
}
