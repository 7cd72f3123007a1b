import { writeFileAtomic } from '../files/atomic-file.ts';
import { GuardedFile } from '../lock/guarded-file.ts';
import { byRunNumber, type RunNumber } from '../runs/run-number.ts';
import { shortened } from '../shown-text.ts';
import { type FailureReasons, type KnownReasons, noReasons } from './failure-reasons.ts';

/** Lines of one file that are warned about one by one. */
const MOST_WARNINGS = 10;
/** Characters of a line that a warning shows. */
const LONGEST_SHOWN = 100;

/** Runs to take in and out; a run in both is in afterwards. */
export interface FailureLogChange {
  /** With why each failed. */
  readonly add?: ReadonlyMap<RunNumber, string>;
  readonly remove?: readonly RunNumber[];
}

/**
 * The runs that failed in a stage, one number per line, ascending, each once. A missing file is an empty log. Why they failed
 * is noted beside it; a reason goes with its run, but a run may be without any.
 */
export class FailureLog {
  readonly path: string;
  readonly #file: GuardedFile;
  readonly #reasons: FailureReasons | undefined;
  readonly #warn: (message: string) => void;

  /**
   * @param reasons where it is noted why runs failed; nowhere if absent
   * @param warn is told of lines that are not run numbers
   */
  constructor(path: string, reasons?: FailureReasons, warn: (message: string) => void = () => undefined) {
    this.#file = new GuardedFile(path);
    this.path = this.#file.path;
    this.#reasons = reasons;
    this.#warn = warn;
  }

  /**
   * @returns the runs, ascending; lines that are not run numbers are ignored, with a warning, and gone when the file changes.
   * @throws PersistenceError if the file can't be read.
   */
  async read(): Promise<RunNumber[]> {
    const { runs, others } = parseFailureLog((await this.#file.read())?.toString('utf8') ?? '');
    for (const { number, text } of others.slice(0, MOST_WARNINGS)) {
      this.#warn(
        `${this.path}:${number}: '${shortened(text, LONGEST_SHOWN)}' is no run number; the line is ignored, and gone when the log is ` +
          'written next. Write one run number a line',
      );
    }
    const more = others.length - MOST_WARNINGS;
    if (more > 0) this.#warn(`${this.path}: ${more} more lines are no run numbers and are ignored`);
    return runs;
  }

  /** Why the runs failed, as far as that is noted. Never throws. */
  async reasons(): Promise<KnownReasons> {
    return (await this.#reasons?.read()) ?? noReasons;
  }

  /**
   * Takes runs in and out as one step. Nothing is written if nothing changes.
   * @throws PersistenceError if the file can't be read, locked or written.
   */
  async change({ add = new Map(), remove = [] }: FailureLogChange): Promise<void> {
    if (add.size === 0 && remove.length === 0) return;
    await this.#file.exclusively(async () => {
      const before = await this.read();
      const after = new Set(before);
      for (const run of remove) after.delete(run);
      for (const run of add.keys()) after.add(run);
      const isChanged = after.size !== before.length || before.some((run) => !after.has(run));
      if (isChanged) await writeFileAtomic(this.path, formatFailureLog(after));
      if (isChanged || add.size > 0) await this.#reasons?.note(add, after);
    });
  }

  /**
   * Sets the whole log (recovery).
   * @returns where the old one was kept, if there was one and it was different
   * @throws PersistenceError if the file can't be read, kept aside, locked or written.
   */
  async replace(runs: readonly RunNumber[]): Promise<string | undefined> {
    const kept = await this.#file.replace(formatFailureLog(runs));
    await this.#reasons?.note(new Map(), new Set(runs));
    return kept;
  }
}

function formatFailureLog(runs: Iterable<RunNumber>): string {
  return [...new Set(runs)]
    .sort(byRunNumber)
    .map((run) => `${run}\n`)
    .join('');
}

/** Digits with leading zeros count: the Python archiver reads them as numbers, too. Empty lines say nothing. */
function parseFailureLog(content: string): {
  readonly runs: RunNumber[];
  readonly others: readonly { readonly number: number; readonly text: string }[];
} {
  const lines = content
    .split('\n')
    .map((line, index) => ({ number: index + 1, text: line.trim() }))
    .filter(({ text }) => text !== '');
  const isRun = ({ text }: { readonly text: string }): boolean =>
    /^[0-9]+$/.test(text) && Number.isSafeInteger(Number(text));
  const runs = lines.filter(isRun).map(({ text }) => Number(text));
  return { runs: [...new Set(runs)].sort(byRunNumber), others: lines.filter((line) => !isRun(line)) };
}
