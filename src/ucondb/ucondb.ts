import { type UnpackedRecord, unpackBlob } from '../blob/unpack.ts';
import { BlobError } from '../errors.ts';
import type { RunNumber } from '../runs/run-number.ts';

/** Limits where nobody sets others: silence before the first byte of a listing, size of a listing, size of a blob. */
export const uconDbLimits = { listingTimeoutSeconds: 600, maxListingMb: 1000, maxBlobMb: 600 } as const;

/** How a put ended. `already-stored`: the key was taken; the caller decides if what is stored is the same record. */
export type PutOutcome = 'stored' | 'already-stored';

/**
 * UconDB as the stages see it: one folder and object, one blob a run, key = run number. A `stop` that is aborted ends each wait
 * between two attempts, gives a listing up, and lets everything else go on for three time-outs at most.
 */
export interface UconDb {
  /** Where it is, without secrets, for reports and messages. */
  readonly location: string;

  /**
   * The runs that have a blob, ascending. An object that doesn't exist yet is an empty archive.
   * @throws ConfigurationError if the folder or the server prefix is wrong
   * @throws UconDbError if the listing can't be had whole; NotYetError if it was given up
   */
  listRuns(stop?: AbortSignal): Promise<RunNumber[]>;

  /**
   * Stores a blob under the run's key, never overriding one. An answer that leaves the outcome unknown is resolved by
   * asking the server.
   * @throws ConfigurationError for a wrong folder or credentials; UconDbError otherwise, retryable where a repeat is safe
   */
  put(run: RunNumber, blob: Buffer, stop?: AbortSignal): Promise<PutOutcome>;

  /**
   * Stores a blob under the run's key in place of the one that has it, which stays without key. Every attempt that gets
   * through makes another version, so none is repeated whose outcome is unknown: whoever calls this has looked at what is
   * stored, and looks again after a failure.
   * @throws ConfigurationError for a wrong folder or credentials; UconDbError otherwise
   */
  replace(run: RunNumber, blob: Buffer, stop?: AbortSignal): Promise<void>;

  /**
   * The blob stored for the run, checked against the length and checksum that the server states.
   * @throws UconDbError if there is none, or it did not arrive whole; NotYetError if it was given up
   */
  get(run: RunNumber, stop?: AbortSignal): Promise<Buffer>;

  /** Ends all that is under way. */
  close(): Promise<void>;
}

/**
 * Fetches a run's blob and takes it apart.
 * @throws UconDbError if there is none or it did not arrive whole; BlobError if it is no record, or that of another run
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
