import { byRunNumber, type RunNumber } from '../runs/run-number.ts';
import { RunSet } from '../runs/run-set.ts';
import type { FailureLog } from './failure-log.ts';
import { type GivenUpRuns, nothingGivenUp } from './given-up-runs.ts';
import { NotedRuns } from './noted-runs.ts';
import type { RunSetFile } from './run-set-file.ts';

/** Where blobs go. */
export interface BlobPlace {
  /** URL without a slash at its end. */
  readonly server: string;
  readonly folder: string;
  readonly object: string;
}

/**
 * The runs whose upload this archiver was about to begin and whose blob it has not found equal since, for each place at UconDB:
 * `{"uncompared_runs": [{"server": "https://…/app", "folder": "…", "object": "…", "runs": ["100-205", "300"]}]}`. A run is noted
 * before its upload and dropped once its blob was read back and the state was written: a key in UconDB's listing proves nothing
 * about a noted run, and a note without such a key means nothing.
 */
export class UncomparedRuns extends NotedRuns {
  /** @param place whose notes count */
  constructor(path: string, { server, folder, object }: BlobPlace) {
    super(path, {
      key: 'uncompared_runs',
      title: 'The record of uncompared runs',
      advice:
        'Restore it from a backup, or rebuild it with --recover-migrate-state, which compares all runs that are in UconDB.',
      place: { server, folder, object },
    });
  }
}

/** The records of what became of uploads. */
export interface UploadRecords {
  readonly uncompared: UncomparedRuns;
  /** Runs whose last comparison found them different, or (by `--verify`) was not possible. */
  readonly unequal: RunSetFile;
  readonly failures: FailureLog;
  /** Undefined: nobody gave a run up. */
  readonly givenUp: GivenUpRuns | undefined;
}

/** Runs that have a key at UconDB and don't count as archived; both lists ascending. */
export interface UncertainRuns {
  /** Not compared since their upload began. */
  readonly uncompared: readonly RunNumber[];
  /** Compared, and different. */
  readonly different: readonly RunNumber[];
}

/**
 * Finds the keys at UconDB that don't count: those of noted runs, and of failed runs that are known to be unequal, given up or not.
 * @param listed the runs that have a key, ascending
 * @throws PersistenceError if one of the records can't be read or understood
 */
export async function uncertainRuns(
  listed: readonly RunNumber[],
  { uncompared, unequal, failures, givenUp }: UploadRecords,
): Promise<UncertainRuns> {
  const noted = await uncompared.read();
  const failed = RunSet.of(await failures.read());
  const failedUnequal = (await unequal.read())?.intersection(failed) ?? RunSet.of([]);
  const { unequal: givenUpUnequal } = (await givenUp?.read()) ?? nothingGivenUp;
  const different = failedUnequal.union(givenUpUnequal);
  const there = RunSet.of(listed);
  return {
    uncompared: noted.minus(different).intersection(there).toNumbers(),
    different: different.intersection(there).toNumbers(),
  };
}

/** All of them, ascending. */
export function allUncertain({ uncompared, different }: UncertainRuns): RunNumber[] {
  return [...uncompared, ...different].sort(byRunNumber);
}
