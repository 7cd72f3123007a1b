import { type FileComparison, isMatch } from '../records/compare.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { formatRuns, toRanges } from '../runs/run-set.ts';
import { formatJson } from '../shown-text.ts';

/** Raised when a member of the JSON document changes its meaning or is removed. */
const VERSION = 1;

/** What the comparison of one run found; `error` if it failed. */
export type VerifiedRun = { readonly run: RunNumber } & (ComparedRun | { readonly error: string });

/** What the comparison of a run's files found. */
interface ComparedRun extends FileComparison {
  /** They differ only because the run got its stop time in artdaqDB after its blob was stored. */
  readonly timesCameLater: boolean;
}

/** What a verification found. */
export interface Verification {
  /** Newest first. */
  readonly runs: readonly VerifiedRun[];
  /** An earlier verification found them unequal, and none has compared them since. Ascending. */
  readonly unequalBefore: readonly RunNumber[];
  /** Uploaded and never compared; they count as migrated once the migrate stage compares them. Ascending. */
  readonly uncompared: readonly RunNumber[];
  /** In artdaqDB but not in UconDB, although neither in the failure log nor still to be migrated. */
  readonly missingInUconDb: readonly RunNumber[];
  /** How many runs were left for the next verification, because of the time or number limit or a stop. */
  readonly left: number;
}

/** Is everything equal that this or an earlier verification compared? */
export function allEqual({ runs, unequalBefore, missingInUconDb }: Verification): boolean {
  return runs.every(isEqualRun) && unequalBefore.length + missingInUconDb.length === 0;
}

/** Are the run's files the same in both places? */
export function isEqualRun(result: VerifiedRun): boolean {
  return !('error' in result) && isMatch(result);
}

/**
 * The lines at the end of a verification.
 * @param isRound whether it is part of a round; one of runs that the request names is not
 */
export function verificationLines(verification: Verification, isRound: boolean): string[] {
  const { runs, unequalBefore, uncompared, missingInUconDb, left } = verification;
  const errors = runs.filter((run) => 'error' in run).length;
  const equal = runs.filter(isEqualRun).length;
  return [
    `Verified: ${equal} runs equal, ${runs.length - equal - errors} different, ${errors} could not be compared`,
    ...(unequalBefore.length === 0
      ? []
      : [
          `Not compared now, but unequal when compared last: ${formatRuns(unequalBefore)} ` +
            '(--verify --runs compares them at once)',
        ]),
    ...(uncompared.length === 0
      ? []
      : [
          `Uploaded, but not compared yet: ${formatRuns(uncompared)} (the next execution of the migrate stage compares them)`,
        ]),
    ...(missingInUconDb.length === 0
      ? []
      : [`Missing in UconDB though counted as migrated: ${formatRuns(missingInUconDb)}`]),
    ...(left === 0
      ? []
      : [
          `${left} runs ${isRound ? 'are left; the next --verify continues with them' : 'were not compared'}`,
        ]),
  ];
}

/** The verification as one JSON document (documentation/FILE_FORMATS.md, "Verification as JSON"). */
export function verificationJson(verification: Verification): string {
  const { runs, unequalBefore, uncompared, missingInUconDb, left } = verification;
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
    unequal_before: toRanges(unequalBefore),
    uncompared: toRanges(uncompared),
    missing_in_ucondb: toRanges(missingInUconDb),
    left,
  };
  return formatJson(document);
}
