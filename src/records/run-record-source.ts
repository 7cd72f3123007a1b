import type { RunNumber } from '../runs/run-number.ts';
import type { RunSet } from '../runs/run-set.ts';

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
  /** `*.fcl` files at any depth and the top-level `*.txt` files that have a converter, in order of path. */
  readonly files: readonly RecordFile[];
  /** Paths of everything else that is there, in the order of the listing. */
  readonly aside: readonly string[];
  /** What was left aside and why; each names its files. */
  readonly warnings: readonly string[];
}

/** What `metadata.txt` alone shows of a run, and how old the record is. */
export interface RecordGlance {
  /** The bytes of `metadata.txt`; undefined if there is no such file. */
  readonly metadata: Buffer | undefined;
  /** Differs after `metadata.txt` was changed or replaced. */
  readonly signature: string;
  /** The last modification of directory or `metadata.txt`, in milliseconds since 1970; rsync copies this time. */
  readonly modified: number;
  /** The last change of either by the clock of their file system, in milliseconds since 1970. */
  readonly changed: number;
}

/** What is known of a run record before it is read. */
export type Examined =
  /** Nothing changes any more. {@link RunRecordSource.read} accepts the record only with the same signature. */
  | { readonly is: 'whole'; readonly signature: string }
  /** Somebody may still be writing. `neverQuiet`: for more than a day. */
  | { readonly is: 'copying'; readonly why: string; readonly neverQuiet: boolean };

/** Where run records come from. */
export interface RunRecordSource {
  readonly location: string;
  /**
   * The runs present, ascending.
   * @param known runs that were listed before and need no second look at what they are
   * @throws RunRecordError if the place can't be listed
   */
  listRuns(known?: RunSet): Promise<RunNumber[]>;
  /**
   * Finds out which records are whole. Looks at all of them together, twice where necessary, so that it takes two
   * seconds, however many there are.
   * @returns nothing about a run whose directory can't be looked at: reading the run says why
   */
  examine(runs: readonly RunNumber[]): Promise<ReadonlyMap<RunNumber, Examined>>;
  /**
   * Reads a run directory.
   * @param signature what {@link examine} gave; undefined if it gave nothing
   * @param isWanted chooses files by their path; all by default
   * @throws NotYetError if the record has changed since
   * @throws RunRecordError naming the file that can't or must not be read
   */
  read(
    run: RunNumber,
    signature: string | undefined,
    isWanted?: (path: string) => boolean,
  ): Promise<RunRecord>;
  /**
   * Looks at a run's `metadata.txt` alone, as it is now, even while somebody writes it.
   * @throws RunRecordError as read does
   */
  glance(run: RunNumber): Promise<RecordGlance>;
  /**
   * When one of the newest records was changed last by the clock of its file system, in milliseconds since 1970: a
   * second clock besides ours.
   * @returns undefined if there is no record
   */
  newestChange(): Promise<number | undefined>;
}
