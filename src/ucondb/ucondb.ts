import { type UnpackedRecord, unpackBlob } from '../blob/unpack.ts';
import { BlobError } from '../errors.ts';
import type { RunNumber } from '../runs/run-number.ts';
import type { KeyListingOptions } from './key-listing.ts';

/** Limits where nobody sets others: silence before the first byte of a listing, size of a listing, size of a blob. */
export const uconDbLimits = { listingTimeoutSeconds: 600, maxListingMb: 1000, maxBlobMb: 600 } as const;

/** How a put ended. `already-stored`: the key was taken; the caller decides whether the stored blob is the same record. */
export type PutOutcome = 'stored' | 'already-stored';

/**
 * UconDB as the stages see it: one folder and object, one blob for each run, key = run number. Aborting a `stop` ends each wait
 * between two attempts, gives up a listing, and lets everything else continue for three time-outs at most.
 */
export interface UconDb {
  /** Where it is, without secrets, for reports and messages. */
  readonly location: string;

  /**
   * The runs that have a blob, ascending. An object that doesn't exist yet is an empty archive.
   * @throws ConfigurationError if the folder or the server prefix is wrong
   * @throws UconDbError if the listing is incomplete; NotYetError if it was given up
   */
  listRuns(stop?: AbortSignal, options?: KeyListingOptions): Promise<RunNumber[]>;

  /**
   * Stores a blob under the run's key, never in place of another. If an answer leaves the outcome unknown, the client asks the
   * server what it holds.
   * @throws ConfigurationError for a wrong folder or credentials; UconDbError otherwise, retryable where a repeat is safe
   */
  put(run: RunNumber, blob: Buffer, stop?: AbortSignal): Promise<PutOutcome>;

  /**
   * Stores a blob under the run's key in place of the one that has it, which stays without key. Every attempt that gets
   * through makes another version, so an attempt with an unknown outcome is not repeated: the caller has looked at what is
   * stored, and looks again after a failure.
   * @throws ConfigurationError for a wrong folder or credentials; UconDbError otherwise
   */
  replace(run: RunNumber, blob: Buffer, stop?: AbortSignal): Promise<void>;

  /**
   * The blob stored for the run, checked against the length and checksum that the server states.
   * @param likely what is probably stored. It is the result if it is, so that nothing is kept twice
   * @throws UconDbError if there is none, or not all of it arrived; NotYetError if it was given up
   */
  get(run: RunNumber, stop?: AbortSignal, likely?: Buffer): Promise<Buffer>;

  /** Ends all requests under way. */
  close(): Promise<void>;
}

/**
 * Fetches a run's blob and takes it apart.
 * @throws UconDbError if there is none or not all of it arrived; BlobError if it is no record, or another run's record
 */
export async function storedRecord(
  uconDb: UconDb,
  run: RunNumber,
  stop?: AbortSignal,
): Promise<UnpackedRecord> {
  const record = unpackBlob(await uconDb.get(run, stop));
  if (record.run !== run) throw new BlobError(`the blob under key ${run} is that of run ${record.run}`);
  return record;
}
