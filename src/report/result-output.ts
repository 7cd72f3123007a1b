import { messageOf } from '../errors.ts';
import { exitCodes } from '../exit.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';
import type { OutputStream } from '../log/standard-stream.ts';
import { formatJson } from '../shown-text.ts';
import type { ExecutionAccount } from '../stages/execution-account.ts';

/** Means standard output as the target of `--result-json`. */
export const STANDARD_OUTPUT = '-';

/** What a {@link ResultOutput} works with. */
export interface ResultOutputOptions {
  /** A file, or {@link STANDARD_OUTPUT}; undefined if nobody asked for the result. */
  readonly target: string | undefined;
  readonly account: ExecutionAccount;
  readonly stdout: OutputStream;
  /** Hears why the result can't be written. */
  readonly complain: (message: string) => void;
}

/** Writes the result of an execution where `--result-json` says. Whether that works has no influence on the archive. */
export class ResultOutput {
  readonly #options: ResultOutputOptions;

  constructor(options: ResultOutputOptions) {
    this.#options = options;
  }

  /** Replaces the result of an earlier execution in the file, which nobody shall take for that of this one if it is killed. */
  async begin(): Promise<void> {
    if (this.#options.target !== STANDARD_OUTPUT) await this.#write();
  }

  /**
   * Writes how the execution ended.
   * @param error what ended it early
   * @returns the exit code: success becomes a failure if the result can't be written
   */
  async end(exitCode: number, error?: unknown): Promise<number> {
    this.#options.account.end(exitCode, error);
    const isWritten = await this.#write();
    return isWritten || exitCode !== exitCodes.success ? exitCode : exitCodes.failure;
  }

  async #write(): Promise<boolean> {
    const { target, account, stdout, complain } = this.#options;
    if (target === undefined) return true;
    try {
      const text = formatJson(account.result);
      if (target !== STANDARD_OUTPUT) await writeFileAtomic(target, text);
      else if (!stdout.write(text)) stdout.throwIfLost();
      return true;
    } catch (error) {
      complain(
        `The result of this execution (--result-json ${target}) can't be written: ${messageOf(error)}. ` +
          'The archive is not affected, and the log has the outcome; name a file in a directory that exists and can be written',
      );
      return false;
    }
  }
}
