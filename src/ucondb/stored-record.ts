import { type UnpackedRecord, unpackBlob } from '../blob/unpack.ts';
import { BlobError } from '../errors.ts';
import type { RunNumber } from '../runs/run-number.ts';
import type { UconDb } from './ucondb.ts';

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
