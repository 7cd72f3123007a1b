import { z } from 'zod';
import { PersistenceError } from '../errors.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { RunSet } from '../runs/run-set.ts';
import { JsonFile, jsonText } from './json-file.ts';

/** What a {@link RunSetFile} is called in the file and in messages. */
export interface RunSetNames {
  /** Key of the list in the file. */
  readonly key: string;
  /** As in `record of seen runs`. */
  readonly title: string;
  /** What to do about a file that can't be understood. */
  readonly advice: string;
}

/** A set of runs within a JSON document: `["100-205", "300"]`. */
export const runSetTexts = z.array(z.string()).transform((texts, { addIssue }) => {
  const runs = RunSet.fromTexts(texts);
  if (runs !== undefined) return runs;
  addIssue('it holds something other than <run> and <first>-<last>');
  return z.NEVER;
});

/** A run number that is a key of a JSON document. */
export const runKey = z.string().regex(/^(?:0|[1-9][0-9]{0,15})$/);

/** A set of runs on disk: `{"<key>": ["100-205", "300"]}`. */
export class RunSetFile {
  readonly path: string;
  readonly #file: JsonFile<RunSet>;

  constructor(path: string, { key, title, advice }: RunSetNames) {
    this.#file = new JsonFile(path, {
      title: `The ${title}`,
      advice,
      schema: z.object({ [key]: runSetTexts }).transform((document) => document[key] as RunSet),
      format: (runs) => jsonText({ [key]: runs.toTexts() }),
    });
    this.path = this.#file.path;
  }

  /**
   * @returns undefined if there is no file
   * @throws PersistenceError if the file can't be read or understood; it is left as it is
   */
  async read(): Promise<RunSet | undefined> {
    return await this.#file.read();
  }

  /**
   * Adds runs as one step.
   * @throws PersistenceError as change does
   */
  async add(runs: readonly RunNumber[]): Promise<void> {
    await this.change((before) => before.union(RunSet.of(runs)));
  }

  /**
   * Takes runs out as one step. The file is neither locked nor made if it holds none of them.
   * @throws PersistenceError as change does
   */
  async drop(runs: readonly RunNumber[]): Promise<void> {
    const known = await this.read();
    if (runs.some((run) => known?.has(run))) await this.change((before) => before.without(runs));
  }

  /**
   * Sets the whole set, whatever the file holds.
   * @returns where a different old file was kept
   * @throws PersistenceError if the file can't be read, kept aside, locked or written
   */
  async replace(runs: readonly RunNumber[]): Promise<string | undefined> {
    return await this.#file.replace(RunSet.of(runs));
  }

  /**
   * As {@link replace}, but only if the file can't be understood.
   * @returns where the old file was kept; undefined if nothing had to be done
   */
  async replaceUnreadable(runs: readonly RunNumber[]): Promise<string | undefined> {
    try {
      await this.read();
      return undefined;
    } catch (error) {
      if (!(error instanceof PersistenceError)) throw error;
      return await this.replace(runs);
    }
  }

  /**
   * Removes the file, if it exists.
   * @throws PersistenceError if it can't be removed
   */
  async remove(): Promise<void> {
    await this.#file.remove();
  }

  /**
   * Changes the set as one step. The file is neither locked nor written if nothing changes, except that it exists afterwards.
   * @throws PersistenceError if the file can't be read, understood, locked or written
   */
  async change(change: (before: RunSet) => RunSet): Promise<void> {
    const changed = async (): Promise<RunSet | undefined> => {
      const before = await this.#file.read();
      const after = change(before ?? RunSet.of([]));
      return before?.toTexts().join() === after.toTexts().join() ? undefined : after;
    };
    if ((await changed()) === undefined) return;
    await this.#file.exclusively(async () => {
      const after = await changed();
      if (after !== undefined) await this.#file.write(after);
    });
  }
}
