import { z } from 'zod';
import type { RunNumber } from '../runs/run-number.ts';
import { RunSet } from '../runs/run-set.ts';
import { JsonFile, jsonText } from './json-file.ts';
import { runSetTexts } from './run-set-file.ts';

/** The parts that name a place, in the order in which they are written. */
export type NotedPlace = Readonly<Record<string, string>>;

/** What {@link NotedRuns} are called in the file and in messages, and whose notes count. */
export interface NotedRunsOptions {
  /** Key of the list in the file. */
  readonly key: string;
  /** How messages begin: `The record of uncompared runs`. */
  readonly title: string;
  /** What to do about a file that can't be understood. */
  readonly advice: string;
  readonly place: NotedPlace;
}

interface PlaceNotes {
  readonly place: NotedPlace;
  readonly runs: RunSet;
}

/**
 * Runs that are noted before something is done with them and dropped once that was found good, for each place:
 * `{"<key>": [{"<part of the place>": "…", "runs": ["100-205", "300"]}]}`. Only the notes of one place count; all others are kept.
 */
export class NotedRuns {
  readonly path: string;
  readonly #file: JsonFile<readonly PlaceNotes[]>;
  readonly #place: NotedPlace;

  constructor(path: string, { key, title, advice, place }: NotedRunsOptions) {
    const parts = Object.fromEntries(Object.keys(place).map((name) => [name, z.string()]));
    const entry = z
      .object({ ...parts, runs: runSetTexts })
      .transform(({ runs, ...noted }): PlaceNotes => ({ place: noted as NotedPlace, runs }));
    this.#file = new JsonFile(path, {
      title,
      advice,
      schema: z
        .object({ [key]: z.array(entry).readonly() })
        .transform((document) => document[key] as readonly PlaceNotes[]),
      format: (notes) =>
        jsonText({ [key]: notes.map((each) => ({ ...each.place, runs: each.runs.toTexts() })) }),
    });
    this.path = this.#file.path;
    this.#place = place;
  }

  /** @throws PersistenceError if the file can't be read or understood; it is left as it is */
  async read(): Promise<RunSet> {
    return this.#here((await this.#file.read()) ?? []);
  }

  /**
   * Notes runs in one durable write.
   * @returns those that were not noted before
   * @throws PersistenceError if the file can't be read, understood, locked or written
   */
  async note(runs: readonly RunNumber[]): Promise<RunNumber[]> {
    let before = RunSet.of([]);
    await this.#change((noted) => {
      before = noted;
      return noted.union(RunSet.of(runs));
    });
    return runs.filter((run) => !before.has(run));
  }

  /**
   * Drops runs. Nothing is written if none of them is noted.
   * @throws PersistenceError as note does
   */
  async drop(runs: readonly RunNumber[]): Promise<void> {
    await this.#change((noted) => noted.without(runs));
  }

  /**
   * Sets the notes of this place whatever the file holds, for a recovery. Notes of other places are kept if they can be understood.
   * @returns where a different old file was kept
   * @throws PersistenceError if the file can't be read, kept aside, locked or written
   */
  async replace(runs: readonly RunNumber[]): Promise<string | undefined> {
    const notes = (await this.#file.readable()) ?? [];
    return await this.#file.replace(this.#withHere(notes, RunSet.of(runs)));
  }

  async #change(change: (noted: RunSet) => RunSet): Promise<void> {
    await this.#file.exclusively(async () => {
      const notes = (await this.#file.read()) ?? [];
      const before = this.#here(notes);
      const after = change(before);
      if (before.toTexts().join() === after.toTexts().join()) return;
      await this.#file.write(this.#withHere(notes, after));
    });
  }

  #here(notes: readonly PlaceNotes[]): RunSet {
    return notes
      .filter((entry) => this.#isHere(entry))
      .reduce((all, { runs }) => all.union(runs), RunSet.of([]));
  }

  #isHere({ place }: PlaceNotes): boolean {
    return Object.entries(this.#place).every(([part, value]) => place[part] === value);
  }

  #withHere(notes: readonly PlaceNotes[], here: RunSet): readonly PlaceNotes[] {
    const others = notes.filter((entry) => !this.#isHere(entry));
    return here.ranges.length === 0 ? others : [...others, { place: this.#place, runs: here }];
  }
}
