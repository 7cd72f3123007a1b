import { join } from 'node:path';
import type { RunNumber } from '../runs/run-number.ts';
import { RunSetFile } from './run-set-file.ts';

/** What is kept about archived runs on which there is still something to do. */
export interface FollowUpRecords {
  /** Archived without stop time. */
  readonly unfinished: RunSetFile;
  /** Those of them that were archived without any time, so that they have no RunHistory2. */
  readonly untimed: RunSetFile;
  /** Those of the older unfinished runs that had their turn to be looked at, in the round that is under way. */
  readonly turns: RunSetFile;
  /** They got their stop time in artdaqDB later; a blob that they had in UconDB by then lacks it. */
  readonly amended: RunSetFile;
}

const unfinishedAdvice =
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
      unfinishedAdvice,
    ),
    untimed: file('importer_untimed.json', 'untimed_runs', 'record of runs without times', unfinishedAdvice),
    turns: file(
      'importer_unfinished_turns.json',
      'looked_at_runs',
      'record of the turns of unfinished runs',
      'Empty it with --recover-import-state: the turns begin anew then.',
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

/**
 * Takes runs out of a record that may not be there.
 * @throws PersistenceError if it can't be read, understood, locked or written
 */
export async function forget(record: RunSetFile, runs: readonly number[]): Promise<void> {
  const known = await record.read();
  if (runs.some((run) => known?.has(run))) await record.drop(runs);
}

/** What `--verify` keeps from one execution to the next. */
export interface VerificationRecords {
  /** They had their turn in the round that is under way. */
  readonly verified: RunSetFile;
  /** Found different, or could not be compared, when they were compared last; a new round leaves them here. */
  readonly unequal: RunSetFile;
}

/** Runs are noted in steps of this size: what a killed verification has to repeat at most. */
const NOTED_TOGETHER = 50;

/** Notes how runs compared, several at a time. */
export class VerifiedNotes {
  readonly #records: VerificationRecords | undefined;
  #unwritten: { readonly run: RunNumber; readonly isEqual: boolean }[] = [];

  /** @param records where; nowhere if absent */
  constructor(records: VerificationRecords | undefined) {
    this.#records = records;
  }

  /** Forgets who had a turn. */
  async endRound(): Promise<void> {
    await this.#records?.verified.remove();
  }

  async add(run: RunNumber, isEqual: boolean): Promise<void> {
    this.#unwritten.push({ run, isEqual });
    if (this.#unwritten.length >= NOTED_TOGETHER) await this.settle();
  }

  /** Writes what is not written yet. */
  async settle(): Promise<void> {
    const noted = this.#unwritten;
    this.#unwritten = [];
    if (this.#records === undefined || noted.length === 0) return;
    const { verified, unequal } = this.#records;
    const found = noted.filter(({ isEqual }) => !isEqual).map(({ run }) => run);
    // First of all: a kill in between repeats runs then, and forgets none that differ.
    if (found.length > 0) await unequal.add(found);
    await forget(
      unequal,
      noted.filter(({ isEqual }) => isEqual).map(({ run }) => run),
    );
    await verified.add(noted.map(({ run }) => run));
  }
}
