import { z } from 'zod';
import { messageOf, PersistenceError } from '../errors.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { decodeText, GuardedFile } from '../lock/guarded-file.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { RunSet } from '../runs/run-set.ts';

/** What a {@link RunSetFile} is called in the file and in messages. */
export interface RunSetNames {
  /** Key of the list in the file. */
  readonly key: string;
  /** `record of seen runs`. */
  readonly title: string;
  /** What to do about one that can't be understood. */
  readonly advice: string;
}

/** A set of runs within a JSON document: `["100-205", "300"]`. */
export const runSetTexts = z.array(z.string()).transform((texts, { addIssue }) => {
  const runs = RunSet.fromTexts(texts);
  if (runs !== undefined) return runs;
  addIssue('it holds something other than <run> and <first>-<last>');
  return z.NEVER;
});

/** A set of runs on disk: `{"<key>": ["100-205", "300"]}`. */
export class RunSetFile {
  readonly path: string;
  readonly #file: GuardedFile;
  readonly #names: RunSetNames;

  constructor(path: string, names: RunSetNames) {
    this.#file = new GuardedFile(path);
    this.path = this.#file.path;
    this.#names = names;
  }

  /**
   * @returns undefined if there is no file
   * @throws PersistenceError if the file can't be read or understood; it is left as it is
   */
  async read(): Promise<RunSet | undefined> {
    const content = await this.#file.read();
    if (content === undefined) return undefined;
    const parsed = parse(content, this.#names.key);
    if (parsed instanceof RunSet) return parsed;
    const { title, advice } = this.#names;
    throw new PersistenceError(`The ${title} ${this.path} can't be understood: ${parsed.reason}. ${advice}`);
  }

  /**
   * Adds runs as one step.
   * @throws PersistenceError as change does
   */
  async add(runs: readonly RunNumber[]): Promise<void> {
    await this.change((before) => before.union(RunSet.of(runs)));
  }

  /**
   * Takes runs out as one step.
   * @throws PersistenceError as change does
   */
  async drop(runs: readonly RunNumber[]): Promise<void> {
    await this.change((before) => before.without(runs));
  }

  /**
   * Sets the whole set, whatever the file holds.
   * @returns where the old content was kept, if there was one and it was different
   * @throws PersistenceError if the file can't be read, kept aside, locked or written
   */
  async replace(runs: readonly RunNumber[]): Promise<string | undefined> {
    return await this.#file.replace(this.#format(RunSet.of(runs)));
  }

  /**
   * As {@link replace}, but only if the file can't be understood.
   * @returns where the old content was kept; undefined if nothing had to be done
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
   * Takes the file away.
   * @throws PersistenceError if it can't be removed
   */
  async remove(): Promise<void> {
    await this.#file.remove();
  }

  /**
   * Changes the set as one step. Nothing is written if nothing changes, but that there is a file afterwards.
   * @throws PersistenceError if the file can't be read, understood, locked or written
   */
  async change(change: (before: RunSet) => RunSet): Promise<void> {
    await this.#file.exclusively(async () => {
      const before = await this.read();
      const text = this.#format(change(before ?? RunSet.of([])));
      if (before === undefined || this.#format(before) !== text) await writeFileAtomic(this.path, text);
    });
  }

  #format(runs: RunSet): string {
    return `${JSON.stringify({ [this.#names.key]: runs.toTexts() }, null, 2)}\n`;
  }
}

function parse(content: Buffer, key: string): RunSet | { readonly reason: string } {
  let document: unknown;
  try {
    document = JSON.parse(decodeText(content) ?? '');
  } catch (error) {
    return { reason: `it is not JSON: ${messageOf(error)}` };
  }
  const texts = new Map(Object.entries(document ?? {})).get(key);
  if (!Array.isArray(texts) || !texts.every((text) => typeof text === 'string')) {
    return { reason: `it has no list of texts named ${key}` };
  }
  return RunSet.fromTexts(texts) ?? { reason: `${key} holds something other than <run> and <first>-<last>` };
}
