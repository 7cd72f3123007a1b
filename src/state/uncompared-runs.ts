import { z } from 'zod';
import { byRunNumber, type RunNumber } from '../runs/run-number.ts';
import { RunSet } from '../runs/run-set.ts';
import type { FailureLog } from './failure-log.ts';
import { JsonFile, jsonText } from './json-file.ts';
import { type RunSetFile, runSetTexts } from './run-set-file.ts';

/** Where blobs go. */
export interface BlobPlace {
  /** URL without a slash at its end. */
  readonly server: string;
  readonly folder: string;
  readonly object: string;
}

const placeNotes = z.object({
  server: z.string(),
  folder: z.string(),
  object: z.string(),
  runs: runSetTexts,
});
const record = z.object({ uncompared_runs: z.array(placeNotes).readonly() });

type PlaceNotes = z.output<typeof placeNotes>;

/**
 * The runs whose upload this archiver was about to begin and whose blob it has not found equal since, for each place at UconDB:
 * `{"uncompared_runs": [{"server": "https://…/app", "folder": "…", "object": "…", "runs": ["100-205", "300"]}]}`. A run is noted
 * before its upload and dropped once its blob was read back and the state was written: a key in UconDB's listing proves nothing
 * about a noted run, and a note without such a key means nothing. Only the notes of one place count; all others are kept.
 */
export class UncomparedRuns {
  readonly path: string;
  readonly #file: JsonFile<readonly PlaceNotes[]>;
  readonly #place: BlobPlace;

  /** @param place whose notes count */
  constructor(path: string, place: BlobPlace) {
    this.#file = new JsonFile(path, {
      title: 'The record of uncompared runs',
      advice:
        'Restore it from a backup, or rebuild it with --recover-migrate-state, which compares all runs that are in UconDB.',
      schema: record.transform((document) => document.uncompared_runs),
      format: (notes) =>
        jsonText({
          uncompared_runs: notes.map(({ server, folder, object, runs }) => ({
            server,
            folder,
            object,
            runs: runs.toTexts(),
          })),
        }),
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

  #isHere({ server, folder, object }: BlobPlace): boolean {
    return server === this.#place.server && folder === this.#place.folder && object === this.#place.object;
  }

  #withHere(notes: readonly PlaceNotes[], here: RunSet): readonly PlaceNotes[] {
    const others = notes.filter((entry) => !this.#isHere(entry));
    return here.ranges.length === 0 ? others : [...others, { ...this.#place, runs: here }];
  }
}

/** The records of what became of uploads. */
export interface UploadRecords {
  readonly uncompared: UncomparedRuns;
  /** Runs whose last comparison found them different, or (by `--verify`) was not possible. */
  readonly unequal: RunSetFile;
  readonly failures: FailureLog;
}

/** Runs that have a key at UconDB and don't count as archived; both lists ascending. */
export interface UncertainRuns {
  /** Not compared since their upload began. */
  readonly uncompared: readonly RunNumber[];
  /** Compared, and different. */
  readonly different: readonly RunNumber[];
}

/**
 * Finds the keys at UconDB that don't count: those of noted runs, and of failed runs that are known to be unequal.
 * @param listed the runs that have a key, ascending
 * @throws PersistenceError if one of the records can't be read or understood
 */
export async function uncertainRuns(
  listed: readonly RunNumber[],
  { uncompared, unequal, failures }: UploadRecords,
): Promise<UncertainRuns> {
  const noted = await uncompared.read();
  const known = await unequal.read();
  const failed = new Set(await failures.read());
  const isDifferent = (run: RunNumber): boolean => failed.has(run) && known?.has(run) === true;
  return {
    uncompared: listed.filter((run) => noted.has(run) && !isDifferent(run)),
    different: listed.filter(isDifferent),
  };
}

/** All of them, ascending. */
export function allUncertain({ uncompared, different }: UncertainRuns): RunNumber[] {
  return [...uncompared, ...different].sort(byRunNumber);
}
