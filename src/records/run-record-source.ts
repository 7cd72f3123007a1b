import type { RunNumber } from '../run-number.ts';

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

/** What a look at a run directory shows without reading it whole. */
export interface RecordGlance {
  /** The bytes of `metadata.txt`; undefined if there is none. */
  readonly metadata: Buffer | undefined;
  /** When the directory or `metadata.txt` was modified last, in milliseconds since 1970. */
  readonly lastChange: number;
}

/** Where run records come from. */
export interface RunRecordSource {
  readonly location: string;
  /**
   * The runs present, ascending.
   * @throws RunRecordError if the place can't be listed
   */
  listRuns(): Promise<RunNumber[]>;
  /**
   * Reads a run directory whole.
   * @throws RunRecordError naming the file that can't or must not be read
   */
  read(run: RunNumber): Promise<RunRecord>;
  /**
   * Looks at a run's `metadata.txt` alone, when it has not been modified for a moment.
   * @throws RunRecordError as read does
   */
  glance(run: RunNumber): Promise<RecordGlance>;
}
