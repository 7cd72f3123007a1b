import pLimit from 'p-limit';
import type { ArtdaqDb } from '../../src/artdaqdb/artdaqdb.ts';
import type { ProgressView } from '../../src/log/terminal.ts';
import type { RunNumber } from '../../src/runs/run-number.ts';
import { type NumberRange, RunSet, without } from '../../src/runs/run-set.ts';
import type { UconDb } from '../../src/ucondb/ucondb.ts';
import { type Comparer, compareRun, type RunResult } from './compare-run.ts';

/** The runs of a range by the places that have them, ascending. */
interface RunsInRange {
  readonly inBoth: readonly RunNumber[];
  readonly missingInArtdaqDb: readonly RunNumber[];
  readonly missingInUconDb: readonly RunNumber[];
  readonly inNeither: readonly NumberRange[];
}

/** What a comparison of a range found. */
export interface RangeResult extends RunsInRange {
  readonly range: NumberRange;
  /** Where they are, without secrets. */
  readonly artdaqDb: string;
  readonly uconDb: string;
  /** Ascending. */
  readonly results: readonly RunResult[];
  /** In both places, but stopped before their turn; ascending. */
  readonly notCompared: readonly RunNumber[];
}

/** How to go through a range. */
export interface RangeOptions {
  /** Runs that are compared side by side. */
  readonly workers: number;
  /** Once aborted, no further run begins. */
  readonly shutdown: AbortSignal;
  /** Undefined if nobody watches. */
  readonly progress: ProgressView | undefined;
  /** Keeps differences in the results; otherwise only `onResult` gets them. */
  readonly keepDiffs: boolean;
  /** Gets each run, in ascending order. */
  readonly onResult: (result: RunResult) => Promise<void>;
}

/**
 * Compares the runs of a range that are in both places.
 * @throws ArchiverError if a place can't be listed, and what `onResult` throws
 */
export async function compareRange(
  range: NumberRange,
  comparer: Comparer,
  options: RangeOptions,
): Promise<RangeResult> {
  const { workers, shutdown, progress, keepDiffs, onResult } = options;
  const { artdaqDb, uconDb } = comparer;
  const runs = await runsInRange(range, artdaqDb, uconDb);
  const began = performance.now();
  const total = runs.inBoth.length;
  const results: RunResult[] = [];
  const waiting = new Map<RunNumber, RunResult>();
  let done = 0;
  let bad = 0;
  const show = () =>
    progress?.show({
      label: 'Comparison',
      total,
      done,
      failed: bad,
      milliseconds: performance.now() - began,
    });
  const limit = pLimit(workers);
  show();
  try {
    await Promise.all(
      runs.inBoth.map((run) =>
        limit(async () => {
          if (shutdown.aborted) return;
          const ended = await compareRun(run, comparer);
          done++;
          if (ended.status !== 'matching') bad++;
          waiting.set(run, ended);
          // Runs begin in ascending order, so those before this one have finished or will.
          for (let next = nextOf(waiting, runs.inBoth, results); next !== undefined; ) {
            results.push(keepDiffs || next.status === 'failed' ? next : { ...next, diffs: new Map() });
            await onResult(next);
            next = nextOf(waiting, runs.inBoth, results);
          }
          show();
        }),
      ),
    );
  } finally {
    progress?.end();
  }
  const notCompared = runs.inBoth.slice(results.length);
  return { ...runs, range, artdaqDb: artdaqDb.location, uconDb: uconDb.location, results, notCompared };
}

/** The result to give next, if it is known already. */
function nextOf(
  waiting: Map<RunNumber, RunResult>,
  order: readonly RunNumber[],
  given: readonly RunResult[],
): RunResult | undefined {
  const run = order[given.length];
  const next = run === undefined ? undefined : waiting.get(run);
  if (next !== undefined) waiting.delete(next.run);
  return next;
}

/**
 * Asks both places for their runs.
 * @throws ArchiverError if one can't be listed
 */
async function runsInRange(
  { first, last }: NumberRange,
  artdaqDb: ArtdaqDb,
  uconDb: UconDb,
): Promise<RunsInRange> {
  const isInRange = (run: RunNumber): boolean => run >= first && run <= last;
  const [exported, unpacked] = await Promise.all([artdaqDb.listRuns(), uconDb.listRuns()]);
  const [inArtdaqDb, inUconDb] = [exported.filter(isInRange), unpacked.filter(isInRange)];
  const missingInUconDb = without(inArtdaqDb, inUconDb);
  const all = RunSet.fromTexts([`${first}-${last}`]);
  return {
    inBoth: without(inArtdaqDb, missingInUconDb),
    missingInArtdaqDb: without(inUconDb, inArtdaqDb),
    missingInUconDb,
    inNeither: all?.without([...inArtdaqDb, ...inUconDb]).ranges ?? [],
  };
}
