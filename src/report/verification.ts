import { type FileComparison, isMatch } from '../records/compare.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { formatRuns, toRanges } from '../runs/run-set.ts';
import { formatJson } from '../shown-text.ts';
import { type ComparedRecord, isSameRecord, type RecordFinding } from '../stages/record-comparison.ts';

/** Raised when a member of the JSON document changes its meaning or is removed. */
const VERSION = 1;

/** What the comparison of one run found; `error` if it failed. */
export type VerifiedRun = { readonly run: RunNumber } & (ComparedRun | { readonly error: string });

/** What the comparison of a run's files found. */
export interface ComparedRun extends FileComparison {
  /** They differ only because the run got its stop time in artdaqDB after its blob was stored. */
  readonly timesCameLater: boolean;
  /** How the run directory compares, if that was asked for. */
  readonly record?: RecordFinding | undefined;
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
  return (
    runs.every((run) => isEqualRun(run) && !isOtherRecord(run)) &&
    unequalBefore.length + missingInUconDb.length === 0
  );
}

/** Does the run directory hold something else than artdaqDB? A time that came later is still to be added, and no difference. */
function isOtherRecord(result: VerifiedRun): boolean {
  if ('error' in result || result.record?.is !== 'compared') return false;
  return !isSameRecord(result.record) && !result.record.timesCameLater;
}

/** How a run directory differs from artdaqDB, as texts such as `different: boot.fcl`. */
export function recordDifferences(record: ComparedRecord): string[] {
  const parts = [
    ['different', record.different],
    ['only in the run directory', record.onlyInDirectory],
    ['only in artdaqDB', record.onlyInArtdaqDb],
    ['its configuration name', record.otherConfiguration === undefined ? [] : [record.otherConfiguration]],
  ] as const;
  return parts.filter(([, names]) => names.length > 0).map(([what, names]) => `${what}: ${names.join(', ')}`);
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
    ...recordLines(runs),
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

function recordLines(runs: readonly VerifiedRun[]): string[] {
  const records = runs.flatMap((run) => ('error' in run || run.record === undefined ? [] : [run.record]));
  if (records.length === 0) return [];
  const different = runs.filter(isOtherRecord).length;
  const compared = records.filter(({ is }) => is === 'compared').length;
  const absent = records.filter(({ is }) => is === 'absent').length;
  return [
    `Run directories: ${compared - different} equal, ${different} different, ${absent} runs without one` +
      (compared + absent === records.length
        ? ''
        : `, ${records.length - compared - absent} still being copied`),
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
            record: result.record === undefined ? undefined : recordJson(result.record),
          },
    ),
    unequal_before: toRanges(unequalBefore),
    uncompared: toRanges(uncompared),
    missing_in_ucondb: toRanges(missingInUconDb),
    left,
  };
  return formatJson(document);
}

function recordJson(record: RecordFinding) {
  if (record.is !== 'compared') return { state: record.is };
  return {
    state: isSameRecord(record) ? 'equal' : record.timesCameLater ? 'time_came_later' : 'different',
    different: record.different,
    only_in_directory: record.onlyInDirectory,
    only_in_artdaqdb: record.onlyInArtdaqDb,
    configuration: record.otherConfiguration ?? null,
    not_archived: record.aside,
  };
}
