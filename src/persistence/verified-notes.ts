import type { RunNumber } from '../run-number.ts';
import type { RunSetFile } from './run-set-file.ts';

/** Runs that were found equal are noted in steps of this size: what a killed verification has to repeat at most. */
const NOTED_TOGETHER = 50;

/** Notes the runs found equal, several at a time. */
export class VerifiedNotes {
  readonly #file: RunSetFile | undefined;
  #unwritten: RunNumber[] = [];

  constructor(file: RunSetFile | undefined) {
    this.#file = file;
  }

  async add(run: RunNumber): Promise<void> {
    this.#unwritten.push(run);
    if (this.#unwritten.length >= NOTED_TOGETHER) await this.#write();
  }

  /** @param isComplete everything was compared: the next verification begins anew */
  async end(isComplete: boolean): Promise<void> {
    if (isComplete) await this.#file?.remove();
    else await this.#write();
  }

  async #write(): Promise<void> {
    const runs = this.#unwritten;
    this.#unwritten = [];
    if (runs.length > 0) await this.#file?.add(runs);
  }
}
