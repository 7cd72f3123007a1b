import type { RunNumber } from '../run-number.ts';
import type { RunSetFile } from './run-set-file.ts';

/** What `--verify` keeps until it has compared all runs. */
export interface VerificationRecords {
  /** Found equal: not compared again. */
  readonly equal: RunSetFile;
  /** Found different, or could not be compared: compared again after all others, so that they hold up none. */
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

  async add(run: RunNumber, isEqual: boolean): Promise<void> {
    this.#unwritten.push({ run, isEqual });
    if (this.#unwritten.length >= NOTED_TOGETHER) await this.#write();
  }

  /** @param isComplete everything was compared: the next verification begins anew */
  async end(isComplete: boolean): Promise<void> {
    if (!isComplete) return await this.#write();
    await this.#records?.equal.remove();
    await this.#records?.unequal.remove();
  }

  async #write(): Promise<void> {
    const noted = this.#unwritten;
    this.#unwritten = [];
    const [equal, unequal] = [true, false].map((wanted) =>
      noted.filter(({ isEqual }) => isEqual === wanted).map(({ run }) => run),
    );
    if (equal?.length) await this.#records?.equal.add(equal);
    if (unequal?.length) await this.#records?.unequal.add(unequal);
  }
}
