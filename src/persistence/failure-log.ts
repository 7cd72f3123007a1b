import { byRunNumber, type RunNumber } from '../run-number.ts';
import { writeFileAtomic } from './atomic-file.ts';
import { GuardedFile } from './guarded-file.ts';

/** Runs to take in and out; a run in both is in afterwards. */
export interface FailureLogChange {
  readonly add?: readonly RunNumber[];
  readonly remove?: readonly RunNumber[];
}

/** The runs that failed in a stage, one number per line, ascending, each once. A missing file is an empty log. */
export class FailureLog {
  readonly path: string;
  readonly #file: GuardedFile;

  constructor(path: string) {
    this.#file = new GuardedFile(path);
    this.path = this.#file.path;
  }

  /**
   * @returns the runs, ascending; lines that are not run numbers are ignored.
   * @throws PersistenceError if the file can't be read.
   */
  async read(): Promise<RunNumber[]> {
    return parseFailureLog((await this.#file.read())?.toString('utf8') ?? '');
  }

  /**
   * Takes runs in and out as one step. Nothing is written if nothing changes.
   * @throws PersistenceError if the file can't be read, locked or written.
   */
  async change({ add = [], remove = [] }: FailureLogChange): Promise<void> {
    if (add.length === 0 && remove.length === 0) return;
    await this.#file.exclusively(async () => {
      const before = await this.read();
      const after = new Set(before);
      for (const run of remove) after.delete(run);
      for (const run of add) after.add(run);
      if (after.size !== before.length || before.some((run) => !after.has(run))) {
        await writeFileAtomic(this.path, formatFailureLog(after));
      }
    });
  }

  /**
   * Sets the whole log (recovery).
   * @returns where the old one was kept, if there was one and it was different
   * @throws PersistenceError if the file can't be read, kept aside, locked or written.
   */
  async replace(runs: readonly RunNumber[]): Promise<string | undefined> {
    return await this.#file.replace(formatFailureLog(runs));
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
