import { byRunNumber, type RunNumber } from '../run-number.ts';
import { writeFileAtomic } from './atomic-file.ts';
import { type FailureReasons, type KnownReasons, noReasons } from './failure-reasons.ts';
import { GuardedFile } from './guarded-file.ts';

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

  /** @param reasons where it is noted why runs failed; nowhere if absent */
  constructor(path: string, reasons?: FailureReasons) {
    this.#file = new GuardedFile(path);
    this.path = this.#file.path;
    this.#reasons = reasons;
  }

  /**
   * @returns the runs, ascending; lines that are not run numbers are ignored.
   * @throws PersistenceError if the file can't be read.
   */
  async read(): Promise<RunNumber[]> {
    return parseFailureLog((await this.#file.read())?.toString('utf8') ?? '');
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

/** Digits with leading zeros count: the Python archiver reads them as numbers, too. */
function parseFailureLog(text: string): RunNumber[] {
  const runs = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /^[0-9]+$/.test(line))
    .map(Number)
    .filter(Number.isSafeInteger);
  return [...new Set(runs)].sort(byRunNumber);
}
