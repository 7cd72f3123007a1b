import type { ArtdaqDb } from '../../src/artdaqdb/artdaqdb.ts';
import { type RunNumber, without } from '../../src/runs/run-number.ts';
import type { NumberRange } from '../../src/runs/run-set.ts';
import { RunSet } from '../../src/runs/run-set.ts';
import type { UconDb } from '../../src/ucondb/ucondb.ts';

/** The runs of a range by the places that have them, ascending. */
export interface RunsInRange {
  readonly inBoth: readonly RunNumber[];
  readonly missingInArtdaqDb: readonly RunNumber[];
  readonly missingInUconDb: readonly RunNumber[];
  readonly inNeither: readonly NumberRange[];
}

/**
 * Asks both places for their runs.
 * @throws ArchiverError if one can't be listed
 */
export async function runsInRange(
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
