import { byRunNumber, type RunNumber } from '../runs/run-number.ts';
import { formatRuns } from '../runs/run-set.ts';
import type { Status } from './status.ts';

/** More runs than this are no slip. */
const MOST_SLIPS = 3;
/** Among fewer others, no number is out of place. */
const LEAST_OTHERS = 20;
/** So many times the highest other run, and so many times the range of the others away from it. */
const FAR = 4;

/**
 * Runs whose numbers are so far above all others that somebody probably mistyped the name of a directory: 9999999 among runs up to
 * 5000. Ascending.
 * @param runs ascending
 */
export function likelySlips(runs: readonly RunNumber[]): RunNumber[] {
  for (let count = Math.min(MOST_SLIPS, runs.length - LEAST_OTHERS); count > 0; count--) {
    const slips = runs.slice(-count);
    const [lowest, highest, slip] = [runs[0] ?? 0, runs.at(-count - 1) ?? 0, slips[0] ?? 0];
    if (slip > FAR * highest && slip - highest > FAR * (highest - lowest)) return slips;
  }
  return [];
}

/** Every run that a place or a failure log knows, ascending. */
export function knownRuns({ places, stages }: Status): RunNumber[] {
  const runs = new Set<RunNumber>();
  for (const place of places) for (const run of place.runs ?? []) runs.add(run);
  for (const stage of stages) if (!('error' in stage)) for (const run of stage.failed) runs.add(run);
  return [...runs].sort(byRunNumber);
}

/** Names likely slips, and says what to do. */
export function slipText(slips: readonly RunNumber[], runs: readonly RunNumber[]): string {
  const others = `${runs[0]}-${runs.at(-slips.length - 1)}`;
  return (
    `${slips.length} run(s) far above all others (${formatRuns(slips)}, the others are ${others}): probably a slip in the name of ` +
    'the run directory. If so, rename it; what is archived keeps the wrong number'
  );
}
