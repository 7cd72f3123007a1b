import type { FhiclFile } from '../fhicl/fhicl-file.ts';
import { HISTORY2_FILE } from '../records/prepare.ts';
import { completes, eventsInHistory, lacksStop } from '../records/run-times.ts';
import { compareFiles, isMatch, lacksTimesOnly } from '../report/compare.ts';

/**
 * What the blob of a run needs that got its stop time in artdaqDB later: `nothing-yet` if artdaqDB has only the start so far.
 * The names of files if it differs in more than the stop time.
 */
export type BlobNeed = 'nothing' | 'nothing-yet' | 'replacement' | readonly string[];

/**
 * Compares a run's files in artdaqDB with those of its blob.
 * @throws FhiclError if RunHistory2 is not FHiCL
 */
export function needOf(exported: readonly FhiclFile[], inBlob: readonly FhiclFile[]): BlobNeed {
  const comparison = compareFiles(exported, inBlob);
  if (isMatch(comparison)) return 'nothing';
  const [newer, stored] = [exported, inBlob].map((files) => files.find(({ name }) => name === HISTORY2_FILE));
  const fits = newer !== undefined && (stored === undefined || completes(stored.text, newer.text));
  if (!lacksTimesOnly(comparison) || !fits) {
    const { different, onlyInArtdaqDb, onlyInUconDb } = comparison;
    return [...different, ...onlyInArtdaqDb, ...onlyInUconDb];
  }
  return lacksStop(eventsInHistory(newer.text) ?? []) ? 'nothing-yet' : 'replacement';
}
