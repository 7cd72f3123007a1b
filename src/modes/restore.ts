import { lstat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { unpackBlob } from '../blob/unpack.ts';
import type { RunRequest } from '../cli/request.ts';
import { ArchiverError, messageOf, PersistenceError, UconDbError } from '../errors.ts';
import { writeFilesTogether } from '../persistence/files-together.ts';
import { undefinedIfMissing } from '../system-error.ts';
import type { Execution } from './execution.ts';

type RestoreRequest = Extract<RunRequest, { mode: 'restore' }>;

/**
 * Unpacks a run's files from UconDB into a directory, all or none of them; it is made if it is missing. Names are base names
 * ({@link unpackBlob} sees to that), so nothing is written outside of it.
 * @returns false if it was stopped before
 * @throws ArchiverError if there is no such blob, it is not that run's, a file is there already, or they can't be written
 */
export async function restore(request: RestoreRequest, execution: Execution): Promise<boolean> {
  const { site, logger, shutdown } = execution;
  execution.enter('Restore');
  const { run, force, dryRun } = request;
  const directory = resolve(request.to);
  const record = unpackBlob(await (await site.uconDb()).get(run));
  if (record.run !== run) {
    throw new UconDbError(`the blob under key ${run} is that of run ${record.run}; nothing was restored`, {
      run,
    });
  }
  const paths = record.files.map(({ name }) => join(directory, name));
  try {
    for (const path of paths) await refuseObstacle(path, force);
    const options = { stop: shutdown, replace: force };
    if (!dryRun && !(await writeFilesTogether(directory, record.files, options))) {
      logger.warning(`Run ${run} was not restored, as the archiver is to stop: nothing was written`);
      return false;
    }
  } catch (error) {
    const isOurs = error instanceof ArchiverError && !(error instanceof PersistenceError);
    if (isOurs) throw error;
    throw new ArchiverError(`run ${run} could not be restored to ${directory}: ${messageOf(error)}`, {
      cause: error,
      run,
    });
  }
  for (const path of paths) logger.info(`${dryRun ? 'Dry run: would restore' : 'Restored'} ${path}`);
  const packed = `packed on ${record.packedAt} UTC`;
  logger.info(
    `✓ Run ${run}: ${paths.length} files, ${packed}, ${dryRun ? 'would be' : 'are'} in ${directory}`,
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
