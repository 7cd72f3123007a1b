import type { RunNumber } from '../runs/run-number.ts';

/** A file of a run directory. */
export interface RecordFile {
  /** Path relative to the run directory, with `/`. */
  readonly path: string;
  readonly bytes: Buffer;
}

/** What a run directory holds that matters to the archive. */
export interface RunRecord {
  readonly run: RunNumber;
  /** Absolute path of the run directory. */
  readonly directory: string;
  /** `*.fcl` at any depth and the top-level `*.txt` that have a converter, in order of path. */
  readonly files: readonly RecordFile[];
  /** What was left aside, and why, each naming the file. */
  readonly warnings: readonly string[];
}

/** What a run's `metadata.txt` shows by itself, and how old the record is. */
export interface RecordGlance {
  /** The bytes of `metadata.txt`; undefined if there is none. */
  readonly metadata: Buffer | undefined;
  /** Another one when `metadata.txt` was changed or replaced. */
  readonly signature: string;
  /** When the directory or `metadata.txt` was modified last, in milliseconds since 1970: rsync sets that to what it is at the source. */
  readonly modified: number;
  /** When the directory or `metadata.txt` was changed last by the clock of their file system, in milliseconds since 1970. */
  readonly changed: number;
}

/** What was found about a run's record before it is read. */
export type Examined =
  /** It holds still. `signature`: {@link RunRecordSource.read} wants to find it as it is. */
  | { readonly is: 'whole'; readonly signature: string }
  /** `neverQuiet`: for more than a day. */
  | { readonly is: 'copying'; readonly why: string; readonly neverQuiet: boolean };

/** Where run records come from. */
export interface RunRecordSource {
  readonly location: string;
  /**
   * The runs present, ascending.
   * @throws RunRecordError if the place can't be listed
   */
  listRuns(): Promise<RunNumber[]>;
  /**
   * Finds out which records are whole. All are looked at together, twice where need be, so that it takes two seconds however many
   * they are.
   * @returns nothing about a run whose directory can't be looked at: reading it says why
   */
  examine(runs: readonly RunNumber[]): Promise<ReadonlyMap<RunNumber, Examined>>;
  /**
   * Reads a run directory whole.
   * @param signature what {@link examine} gave; undefined if it gave nothing
   * @throws NotYetError if the record has changed since
   * @throws RunRecordError naming the file that can't or must not be read
   */
  read(run: RunNumber, signature: string | undefined): Promise<RunRecord>;
  /**
   * Looks at a run's `metadata.txt` alone, as it is now: it may just be being written.
   * @throws RunRecordError as read does
   */
  glance(run: RunNumber): Promise<RecordGlance>;
  /**
   * When the newest records were changed last by the clock of their file system, in milliseconds since 1970: tells what time it is
   * besides our clock.
   * @returns undefined if there is no record
   */
  newestChange(): Promise<number | undefined>;
}
