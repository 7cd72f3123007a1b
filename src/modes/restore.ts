import { lstat, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { unpackBlob } from '../blob/unpack.ts';
import type { RunRequest } from '../cli/request.ts';
import { ArchiverError, messageOf, UconDbError } from '../errors.ts';
import { writeFileAtomic } from '../persistence/atomic-file.ts';
import { undefinedIfMissing } from '../system-error.ts';
import type { Execution } from './execution.ts';

type RestoreRequest = Extract<RunRequest, { mode: 'restore' }>;

/**
 * Unpacks a run's files from UconDB into a directory, which is made if it is missing. Names are base names
 * ({@link unpackBlob} sees to that), so nothing is written outside of it.
 * @throws ArchiverError if there is no such blob, it is not that run's, or a file is there already; nothing is written then
 */
export async function restore(request: RestoreRequest, { site, logger, enter }: Execution): Promise<boolean> {
  enter('Restore');
  const { run, force, dryRun } = request;
  const directory = resolve(request.to);
  const record = unpackBlob(await site.uconDb.get(run));
  if (record.run !== run) {
    throw new UconDbError(`the blob under key ${run} is that of run ${record.run}; nothing was restored`, {
      run,
    });
  }
  const files = record.files.map(({ name, text }) => ({ path: join(directory, name), text }));
  try {
    for (const { path } of files) await refuseObstacle(path, force);
    if (!dryRun) await mkdir(directory, { recursive: true });
    for (const { path, text } of files) {
      if (!dryRun) await writeFileAtomic(path, text);
      logger.info(`${dryRun ? 'Dry run: would restore' : 'Restored'} ${path}`);
    }
  } catch (error) {
    if (error instanceof ArchiverError) throw error;
    throw new ArchiverError(`run ${run} could not be restored to ${directory}: ${messageOf(error)}`, {
      cause: error,
      run,
    });
  }
  const packed = `packed on ${record.packedAt} UTC`;
  logger.info(
    `✓ Run ${run}: ${files.length} files, ${packed}, ${dryRun ? 'would be' : 'are'} in ${directory}`,
  );
  return true;
}

async function refuseObstacle(path: string, force: boolean): Promise<void> {
  const stats = await lstat(path).catch(undefinedIfMissing);
  if (stats === undefined) return;
  if (!stats.isFile()) throw new ArchiverError(`${path} is there and no file; nothing was restored`);
  if (!force)
    throw new ArchiverError(`${path} is there already; nothing was restored (--force replaces files)`);
}
