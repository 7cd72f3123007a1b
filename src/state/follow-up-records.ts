import { join } from 'node:path';
import { RunSetFile } from './run-set-file.ts';

/** Archived runs for which there is still something to do. */
export interface FollowUpRecords {
  /** Archived without stop time. */
  readonly unfinished: RunSetFile;
  /** Those of them that were archived without a start time, too, so that they have no RunHistory2. */
  readonly untimed: RunSetFile;
  /** The older unfinished runs that had their turn to be looked at in the current round. */
  readonly turns: RunSetFile;
  /** Runs that got their stop time in artdaqDB later; a blob that was in UconDB by then lacks it. */
  readonly amended: RunSetFile;
}

const UNFINISHED_ADVICE =
  'Restore it from a backup, or rebuild it with --recover-import-state; without it, runs that were archived without stop time stay so.';

/** The records in the work directory. */
export function followUpRecords(workDir: string): FollowUpRecords {
  const file = (name: string, key: string, title: string, advice: string): RunSetFile =>
    new RunSetFile(join(workDir, name), { key, title, advice });
  return {
    unfinished: file(
      'importer_unfinished.json',
      'unfinished_runs',
      'record of unfinished runs',
      UNFINISHED_ADVICE,
    ),
    untimed: file('importer_untimed.json', 'untimed_runs', 'record of runs without times', UNFINISHED_ADVICE),
    turns: file(
      'importer_unfinished_turns.json',
      'looked_at_runs',
      'record of the turns of unfinished runs',
      'Empty it with --recover-import-state: the turns then begin anew.',
    ),
    amended: file(
      'amended_runs.json',
      'amended_runs',
      'record of amended runs',
      'Restore it from a backup, or empty it with --recover-import-state or --recover-migrate-state; --verify finds the blobs that lack a ' +
        'stop time as well.',
    ),
  };
}
