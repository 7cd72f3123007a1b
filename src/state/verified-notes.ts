import type { RunNumber } from '../runs/run-number.ts';
import { forget } from './follow-up-records.ts';
import type { RunSetFile } from './run-set-file.ts';

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
