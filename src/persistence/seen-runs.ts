import { messageOf, PersistenceError } from '../errors.ts';
import type { RunNumber } from '../run-number.ts';
import { RunSet } from '../run-set.ts';
import { writeFileAtomic } from './atomic-file.ts';
import { GuardedFile } from './guarded-file.ts';
import { decodeText, keepAside } from './kept-file.ts';

const KEY = 'seen_runs';

/**
 * The record of the runs that were at a stage's source in earlier executions: `{"seen_runs": ["100-205", "300"]}`. It
 * tells a run that appeared late, below the position, from one that the site skipped by setting the position. Runs are
 * never taken out: a file system that was away for one execution must not make all of history late.
 */
export class SeenRuns {
  readonly path: string;
  readonly #file: GuardedFile;

  constructor(path: string) {
    this.#file = new GuardedFile(path);
    this.path = this.#file.path;
  }

  /**
   * The runs that appeared late. At the first execution there are none: all that is present counts as seen.
   * @param present runs at the source; only those at or below the position matter.
   * @throws PersistenceError if the record can't be read or understood.
   */
  async late(present: readonly RunNumber[], position: RunNumber): Promise<RunNumber[]> {
    return lateRuns(await this.#read(), present, position);
  }

  /**
   * Adds runs to the record. Late runs that are still waiting for their turn must not be among them.
   * @throws PersistenceError if the record can't be read, understood, locked or written.
   */
  async remember(runs: readonly RunNumber[]): Promise<void> {
    await this.#file.exclusively(async () => {
      const before = await this.#read();
      const text = formatSeenRuns((before ?? RunSet.of([])).union(RunSet.of(runs)));
      if (before === undefined || formatSeenRuns(before) !== text) await writeFileAtomic(this.path, text);
    });
  }

  /**
   * Sets the whole record (recovery).
   * @returns where the old one was kept, if there was one and it was different
   * @throws PersistenceError if the file can't be read, kept aside, locked or written.
   */
  async replace(runs: readonly RunNumber[]): Promise<string | undefined> {
    return await this.#file.replace(formatSeenRuns(RunSet.of(runs)));
  }

  /**
   * A test for whether a run is in the record; everything is at the first execution.
   * @throws PersistenceError if the record can't be read or understood.
   */
  async membership(): Promise<(run: RunNumber) => boolean> {
    const seen = await this.#read();
    return (run) => seen === undefined || seen.has(run);
  }

  async #read(): Promise<RunSet | undefined> {
    const content = await this.#file.read();
    if (content === undefined) return undefined;
    const parsed = parseSeenRuns(content);
    if (parsed instanceof RunSet) return parsed;
    const copy = await keepAside({ path: this.path, content, label: 'unreadable' });
    throw new PersistenceError(
      `The record of seen runs ${this.path} can't be understood: ${parsed.reason}. It is kept as ${copy}. ` +
        'Restore it from a backup, or remove it: then all runs present at the next execution count as seen.',
    );
  }
}

/** Runs at or below the position that are not in the record; none without a record. */
function lateRuns(seen: RunSet | undefined, present: readonly RunNumber[], position: RunNumber): RunNumber[] {
  if (seen === undefined) return [];
  return present.filter((run) => run <= position && !seen.has(run));
}

function formatSeenRuns(seen: RunSet): string {
  return `${JSON.stringify({ [KEY]: seen.toTexts() }, null, 2)}\n`;
}

function parseSeenRuns(content: Buffer): RunSet | { readonly reason: string } {
  let document: unknown;
  try {
    document = JSON.parse(decodeText(content) ?? '');
  } catch (error) {
    return { reason: `it is not JSON: ${messageOf(error)}` };
  }
  const texts =
    typeof document === 'object' && document !== null && KEY in document ? document[KEY] : undefined;
  if (!Array.isArray(texts) || !texts.every((text) => typeof text === 'string')) {
    return { reason: `it has no list of texts named ${KEY}` };
  }
  return RunSet.fromTexts(texts) ?? { reason: `${KEY} holds something other than <run> and <first>-<last>` };
}
