import { toRanges } from '../number-ranges.ts';
import type { RunNumber } from '../run-number.ts';
import { type FileComparison, isMatch } from './compare.ts';
import { formatRanges } from './ranges.ts';

/** Raised when a member of the JSON document changes its meaning or goes away. */
const VERSION = 1;

/** How one run compared; `error` if it could not be. */
export type VerifiedRun = { readonly run: RunNumber } & (ComparedRun | { readonly error: string });

/** How the files of a run compare. */
interface ComparedRun extends FileComparison {
  /** They differ only because the run got its stop time in artdaqDB after its blob was stored. */
  readonly timesCameLater: boolean;
}

/** What a verification found. */
export interface Verification {
  /** Newest first. */
  readonly runs: readonly VerifiedRun[];
  /** In artdaqDB but not in UconDB, though neither in the failure log nor still to be migrated. */
  readonly missingInUconDb: readonly RunNumber[];
  /** Runs left for the next verification, which goes on with them. */
  readonly left: number;
}

/** Did everything that was looked at agree? */
export function allEqual({ runs, missingInUconDb }: Verification): boolean {
  return runs.every(isEqualRun) && missingInUconDb.length === 0;
}

/** Are the run's files the same in both places? */
export function isEqualRun(result: VerifiedRun): boolean {
  return !('error' in result) && isMatch(result);
}

/** The lines that end a verification. */
export function verificationLines(verification: Verification): string[] {
  const { runs, missingInUconDb, left } = verification;
  const errors = runs.filter((run) => 'error' in run).length;
  const equal = runs.filter(isEqualRun).length;
  return [
    `Verified: ${equal} runs equal, ${runs.length - equal - errors} different, ${errors} could not be compared`,
    ...(missingInUconDb.length === 0
      ? []
      : [`Missing in UconDB though counted as migrated: ${formatRanges(toRanges(missingInUconDb))}`]),
    ...(left === 0 ? [] : [`${left} runs are left; the next --verify goes on with them`]),
  ];
}

/** The verification as one JSON document (documentation/FILE_FORMATS.md, "Verification as JSON"). */
export function verificationJson({ runs, missingInUconDb, left }: Verification): string {
  const document = {
    version: VERSION,
    runs: runs.map((result) =>
      'error' in result
        ? { run: result.run, error: result.error }
        : {
            run: result.run,
            error: null,
            matching: result.matching,
            different: result.different,
            only_in_artdaqdb: result.onlyInArtdaqDb,
            only_in_ucondb: result.onlyInUconDb,
            stop_time_came_later: result.timesCameLater,
          },
    ),
    missing_in_ucondb: toRanges(missingInUconDb),
    left,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
