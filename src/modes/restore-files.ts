import { lstat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { checkPaths, unpackBytes } from '../blob/unpack.ts';
import type { RunRequest } from '../cli/cli.ts';
import { ArchiverError, BlobError, messageOf, PersistenceError, UconDbError } from '../errors.ts';
import { type NamedContent, writeFilesTogether } from '../files/files-together.ts';
import { directoriesOf } from '../files/parent-directories.ts';
import type { Logger } from '../log/logger.ts';
import type { RunNumber } from '../runs/run-number.ts';
import type { Site } from '../site.ts';
import { undefinedIfMissing } from '../system-error.ts';
import type { Execution } from './mode.ts';

/** Which run is restored, and how. */
export interface RestoreRequest extends RunRequest {
  readonly mode: 'restore';
  readonly run: RunNumber;
  /** Directory for the files. */
  readonly to: string;
  /** Replace files that exist. */
  readonly force: boolean;
  /** Write the blob as it is, instead of its files. */
  readonly raw: boolean;
}

/**
 * Writes a run's files, or with `raw` its blob, from UconDB into a directory, all or none of them. Makes a missing directory.
 * @returns false if a stop came first
 * @throws ArchiverError if the blob is missing or belongs to another run, a file exists, or the files can't be written
 */
export async function restore(request: RestoreRequest, execution: Execution): Promise<boolean> {
  const { site, logger, shutdown } = execution;
  execution.enter('Restore');
  const { run, force, dryRun } = request;
  const ofRun = logger.child({ run });
  const directory = resolve(request.to);
  const blob = await (await site.uconDb()).get(run, shutdown);
  await warnOfUncompared(run, site, ofRun);
  const { files, what } = request.raw ? asItIs(run, blob) : unpacked(run, blob);
  const names = files.map(({ name }) => name);
  try {
    for (const name of new Set(names.flatMap(directoriesOf))) await refuseDetour(join(directory, name));
    for (const name of names) await refuseObstacle(join(directory, name), force);
    const options = { stop: shutdown, replace: force };
    if (!dryRun && !(await writeFilesTogether(directory, files, options))) {
      ofRun.warning(
        `Run ${run} was not restored, because the archiver was asked to stop: nothing was written`,
      );
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
  for (const name of names) {
    logger.info(`${dryRun ? 'Dry run: would restore' : 'Restored'} ${join(directory, name)}`);
  }
  ofRun.info(`✓ Run ${run}: ${what}, ${dryRun ? 'would be' : 'are'} in ${directory}`);
  return true;
}

/** The files to write, and what the last line calls them. */
interface Restored {
  readonly files: readonly NamedContent[];
  readonly what: string;
}

function asItIs(run: RunNumber, blob: Buffer): Restored {
  return {
    files: [{ name: `run${run}.blob`, bytes: blob }],
    what: `${blob.length} bytes, as they are stored`,
  };
}

/** @throws BlobError, UconDbError if the blob can't be unpacked, or a file would leave the directory */
function unpacked(run: RunNumber, blob: Buffer): Restored {
  try {
    const record = unpackBytes(blob);
    if (record.run !== run) {
      throw new UconDbError(`the blob under key ${run} is that of run ${record.run}; nothing was restored`, {
        run,
      });
    }
    checkPaths(
      record.files.map(({ name }) => name),
      run,
    );
    return {
      files: record.files,
      what: `${record.files.length} files, packed on ${record.packedAt} UTC`,
    };
  } catch (error) {
    if (!(error instanceof BlobError)) throw error;
    throw new BlobError(`${error.message}; nothing was restored (--raw writes the blob as it is)`, {
      cause: error,
      run,
    });
  }
}

/** Refuses a link in place of a directory, because it could lead elsewhere. */
async function refuseDetour(path: string): Promise<void> {
  const stats = await lstat(path).catch(undefinedIfMissing);
  if (stats !== undefined && !stats.isDirectory()) {
    throw new ArchiverError(`${path} exists and is no directory; nothing was restored`);
  }
}

/** Warns if the blob was not compared, or nobody knows; the files are restored all the same. */
async function warnOfUncompared(run: RunNumber, site: Site, logger: Logger): Promise<void> {
  try {
    if (!(await site.uncompared.read()).has(run)) return;
    logger.warning(
      `Run ${run}: this archiver uploaded the blob and has not found it equal to artdaqDB since; ` +
        `--verify --runs ${run} compares them`,
    );
  } catch (error) {
    if (!(error instanceof PersistenceError)) throw error;
    logger
      .child({ error })
      .warning(`It is not known if the blob of run ${run} was compared with artdaqDB: ${error.message}`);
  }
}

async function refuseObstacle(path: string, force: boolean): Promise<void> {
  const stats = await lstat(path).catch(undefinedIfMissing);
  if (stats === undefined) return;
  if (!stats.isFile()) throw new ArchiverError(`${path} exists and is no file; nothing was restored`);
  if (!force)
    throw new ArchiverError(`${path} already exists; nothing was restored (--force replaces files)`);
}
