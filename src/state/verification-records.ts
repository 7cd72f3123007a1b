import { join } from 'node:path';
import type { RunNumber } from '../runs/run-number.ts';
import { RunSetFile } from './run-set-file.ts';

/** What `--verify` keeps from one execution to the next. */
export interface VerificationRecords {
  /** Runs that had their turn in the current round. */
  readonly verified: RunSetFile;
  /** Runs whose last comparison found them different, or was not possible; a new round leaves them here. */
  readonly unequal: RunSetFile;
}

/** The records in the work directory. */
export function verificationRecords(workDir: string): VerificationRecords {
  const record = (name: string, advice: string): RunSetFile =>
    new RunSetFile(join(workDir, `${name}_runs.json`), {
      key: `${name}_runs`,
      title: `record of ${name} runs`,
      advice,
    });
  return {
    verified: record('verified', 'Remove it: the next --verify compares all runs again then.'),
    unequal: record(
      'unequal',
      'Rebuild it with --recover-migrate-state, which compares all runs that are in both places.',
    ),
  };
}

/** Runs are noted in steps of this size: after a kill, a verification repeats at most so many. */
const NOTED_TOGETHER = 50;

/** Notes how runs compared, several at a time. */
export class VerifiedNotes {
  readonly #records: VerificationRecords | undefined;
  #unwritten: { readonly run: RunNumber; readonly isEqual: boolean }[] = [];

  /** @param records where to note; nowhere if absent */
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
    // First of all: after a kill in between, runs are repeated, and none that differ are forgotten.
    if (found.length > 0) await unequal.add(found);
    await unequal.drop(noted.filter(({ isEqual }) => isEqual).map(({ run }) => run));
    await verified.add(noted.map(({ run }) => run));
  }
}
