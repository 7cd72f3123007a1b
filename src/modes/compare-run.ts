import { ArchiverError, messageOf } from '../errors.ts';
import { compareFiles } from '../records/compare.ts';
import { readSchemaFile } from '../records/schema-file.ts';
import type { VerifiedRun } from '../report/verification.ts';
import type { RunNumber } from '../runs/run-number.ts';
import type { Site } from '../site.ts';
import { lacksTimesOnly } from '../stages/blob-completion.ts';
import { RecordComparison } from '../stages/record-comparison.ts';
import { storedRecord } from '../ucondb/ucondb.ts';
import type { Execution } from './mode.ts';

/**
 * Compares runs with their run directories, too.
 * @throws ArchiverError if the run directories can't be listed, or there is no schema
 */
export async function recordComparison({ records, artdaqDb, config }: Site): Promise<RecordComparison> {
  const schema = await readSchemaFile(config.artdaqDb.fclConfDir);
  const present = new Set(await records.listRuns());
  return new RecordComparison({ records, artdaqDb, generate: config.fhiclizeGenerate, schema }, present);
}

/**
 * Compares what artdaqDB holds of a run with its blob, and with its run directory if that is asked for. Changes nothing.
 * @param record compares with the run directory
 */
export async function compareRun(
  run: RunNumber,
  { site, shutdown }: Execution,
  record?: RecordComparison,
): Promise<VerifiedRun> {
  try {
    const uconDb = await site.uconDb();
    const [exported, blob] = await Promise.all([
      site.artdaqDb.export(run),
      storedRecord(uconDb, run, shutdown),
    ]);
    const comparison = compareFiles(exported, blob.files);
    const timesCameLater = lacksTimesOnly(exported, blob.files);
    return { run, ...comparison, timesCameLater, record: await record?.compare(run, exported) };
  } catch (error) {
    if (!(error instanceof ArchiverError)) throw error;
    return { run, error: messageOf(error) };
  }
}
