import { writeFileAtomic } from '../files/atomic-file.ts';
import { GuardedFile } from '../lock/guarded-file.ts';
import { byRunNumber, type RunNumber } from '../runs/run-number.ts';
import { RunSet } from '../runs/run-set.ts';
import { shortened } from '../shown-text.ts';
import { type FailureReasons, type KnownReasons, type NotableReason, noReasons } from './failure-reasons.ts';

/** How many lines of a file get a warning each. */
const MOST_WARNINGS = 10;
/** How many characters of a line a warning shows. */
const LONGEST_SHOWN = 100;

/** Runs to add and to remove; a run in both is in the log afterwards. */
export interface FailureLogChange {
  /** Each with the reason why it failed. */
  readonly add?: ReadonlyMap<RunNumber, NotableReason>;
  readonly remove?: readonly RunNumber[];
}

/**
 * The runs that failed in a stage, one number per line, ascending, each once. A missing file is an empty log. Another file notes
 * why they failed: it loses a reason with its run, but a run may have none.
 */
export class FailureLog {
  readonly path: string;
  readonly #file: GuardedFile;
  readonly #reasons: FailureReasons | undefined;
  readonly #warn: (message: string) => void;
  readonly #givenUp: () => Promise<RunSet>;

  /**
   * @param reasons notes why runs failed; nobody does if absent
   * @param warn hears of lines that are not run numbers
   * @param givenUp the runs that somebody gave up; they don't count as failed, whatever the log says
   */
  constructor(
    path: string,
    reasons?: FailureReasons,
    warn: (message: string) => void = () => undefined,
    givenUp: () => Promise<RunSet> = async () => RunSet.of([]),
  ) {
    this.#file = new GuardedFile(path);
    this.path = this.#file.path;
    this.#reasons = reasons;
    this.#warn = warn;
    this.#givenUp = givenUp;
  }

  /**
   * The runs that count as failed, ascending.
   * @throws PersistenceError if the file, or the record of given-up runs, can't be read.
   */
  async read(): Promise<RunNumber[]> {
    // The log first: a run that is just given up is noted before it leaves the log.
    const logged = await this.logged();
    const givenUp = await this.#givenUp();
    return logged.filter((run) => !givenUp.has(run));
  }

  /**
   * Takes runs out of the file that were given up: a kill may have left them there.
   * @throws PersistenceError as change does
   */
  async settle(): Promise<void> {
    const givenUp = await this.#givenUp();
    if (givenUp.ranges.length === 0) return;
    await this.change({ remove: (await this.logged()).filter((run) => givenUp.has(run)) });
  }

  /**
   * The runs that the file names, given up or not.
   * @returns the runs, ascending. Lines that are not run numbers are ignored, with a warning; the next change removes them.
   * @throws PersistenceError if the file can't be read.
   */
  async logged(): Promise<RunNumber[]> {
    const { runs, others } = parseFailureLog(textOf(await this.#file.read()));
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

  /** Why the runs failed, as far as somebody noted it. Never throws. */
  async reasons(): Promise<KnownReasons> {
    return (await this.#reasons?.read()) ?? noReasons;
  }

  /**
   * Adds and removes runs as one step. Nothing is written if nothing changes, and nothing locked if there is nothing to remove.
   * @throws PersistenceError if the file can't be read, locked or written.
   */
  async change({ add = new Map(), remove = [] }: FailureLogChange): Promise<void> {
    if (add.size === 0 && !(await this.#hasAny(remove))) return;
    await this.#file.exclusively(async () => {
      const before = await this.logged();
      const after = new Set(before);
      for (const run of remove) after.delete(run);
      for (const run of add.keys()) after.add(run);
      const isChanged = after.size !== before.length || before.some((run) => !after.has(run));
      if (isChanged) await writeFileAtomic(this.path, formatFailureLog(after));
      if (isChanged || add.size > 0) await this.#reasons?.note(add, after);
    });
  }

  async #hasAny(runs: readonly RunNumber[]): Promise<boolean> {
    if (runs.length === 0) return false;
    const listed = new Set(parseFailureLog(textOf(await this.#file.read())).runs);
    return runs.some((run) => listed.has(run));
  }

  /**
   * Sets the whole log, for a recovery.
   * @returns where a different old log was kept
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

function textOf(file: Buffer | undefined): string {
  return file?.toString('utf8') ?? '';
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
