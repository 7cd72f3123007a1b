import { lstat, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { checkPaths, unpackBytes } from '../blob/unpack.ts';
import type { RunRequest } from '../cli/cli.ts';
import {
  ArchiverError,
  BlobError,
  messageOf,
  NotYetError,
  PersistenceError,
  UconDbError,
} from '../errors.ts';
import { makeDirectory } from '../files/directories.ts';
import { type NamedContent, writeFilesTogether } from '../files/files-together.ts';
import { directoriesOf } from '../files/parent-directories.ts';
import type { Logger } from '../log/logger.ts';
import { byRunNumber, type RunNumber } from '../runs/run-number.ts';
import { formatRuns, RunSet, rangeText } from '../runs/run-set.ts';
import { BatchProgress } from '../stages/batch-progress.ts';
import { Visit } from '../stages/visit.ts';
import { workThrough } from '../stages/work-through.ts';
import { undefinedIfMissing } from '../system-error.ts';
import type { Execution } from './mode.ts';

/** Which runs are restored, and how. */
export interface RestoreRequest extends RunRequest {
  readonly mode: 'restore';
  readonly runs: RunSet;
  /** At most so many of them. */
  readonly limit: number | undefined;
  /** Directory for the files; of several runs, for a directory of each. */
  readonly to: string;
  /** Replace files that exist. */
  readonly force: boolean;
  /** Write the blob as it is, instead of its files. */
  readonly raw: boolean;
}

const LABEL = 'Restore';

/**
 * Writes the files of runs, or with `raw` their blobs, from UconDB into directories, all or none of each. Makes missing directories.
 * @returns false if a stop came before a single run was written, or some of several could not be restored
 * @throws ArchiverError if a blob is missing or belongs to another run, a file exists, or the files can't be written; of several
 *   runs, only if none of them can be restored
 */
export async function restore(request: RestoreRequest, execution: Execution): Promise<boolean> {
  execution.enter(LABEL);
  const [run] = request.runs.numbers();
  if (request.runs.size > 1 || run === undefined) return await restoreSeveral(request, execution);
  const logger = execution.logger.child({ run });
  const directory = resolve(request.to);
  const blob = await (await execution.site.uconDb()).get(run, execution.shutdown);
  await warnOfUncompared([run], execution);
  const restored = request.raw ? asItIs(blob, `run${run}.blob`) : unpacked(run, blob);
  if (!(await write(run, directory, restored, request, execution))) {
    logger.warning(
      `Run ${run} was not restored, because the archiver was asked to stop: nothing was written`,
    );
    return false;
  }
  for (const { name } of restored.files) {
    logger.info(`${request.dryRun ? 'Dry run: would restore' : 'Restored'} ${join(directory, name)}`);
  }
  logger.info(lastLine(run, directory, restored, request));
  return true;
}

/** Each run into a directory of its own, or its blob into a file. What is there already with the same content is well. */
async function restoreSeveral(request: RestoreRequest, execution: Execution): Promise<boolean> {
  const { site, logger, shutdown, progress: view } = execution;
  const { runs, limit, raw, dryRun } = request;
  const directory = resolve(request.to);
  if ((await stat(directory).catch(undefinedIfMissing))?.isDirectory() === false) {
    throw new ArchiverError(`${directory} exists and is no directory; nothing was restored`);
  }
  const uconDb = await site.uconDb();
  const keys = await new Visit(shutdown).at('UconDB read', (stop) => uconDb.listRuns(stop));
  const found = keys.filter((run) => runs.has(run));
  const chosen = found.slice(0, limit);
  logger.info(
    `${LABEL}: ${chosen.length} runs, ${found.length - chosen.length} more are left: ${formatRuns(chosen)}`,
  );
  const known = RunSet.of(keys);
  const nowhere = runs.asked.filter((range) => !known.meets(range));
  if (nowhere.length > 0)
    logger.error(`${LABEL}: not in UconDB: ${nowhere.map(rangeText).join(', ')} (--restore)`);
  await warnOfUncompared(chosen, execution);
  // Two runs that make it at the same time would be in each other's way.
  if (!dryRun && chosen.length > 0) makeTarget(directory);
  const counts = {
    tried: new Set<RunNumber>(),
    successful: new Set<RunNumber>(),
    failed: new Set<RunNumber>(),
  };
  const progressLines = new BatchProgress({ label: LABEL, total: chosen.length, logger, view });
  progressLines.show(counts);
  const work = async (run: RunNumber, ofRun: Logger, visit: Visit): Promise<void> => {
    const blob = await visit.at('UconDB read', (stop) => uconDb.get(run, stop));
    const restored = raw ? asItIs(blob, `${run}.blob`) : unpacked(run, blob);
    const place = raw ? directory : join(directory, String(run));
    if (!raw) await explaining(run, place, () => refuseDetour(place));
    if (!request.force && (await explaining(run, place, () => isThere(place, restored)))) {
      ofRun.info(`✓ Run ${run}: is in ${place} already, with the same content`);
    } else if (await write(run, place, restored, request, execution)) {
      ofRun.info(lastLine(run, place, restored, request));
    } else throw new NotYetError('nothing of it was written', { run });
  };
  const { error } = await workThrough(chosen, work, {
    label: LABEL,
    logger,
    settings: site.config.app,
    atOnce: site.config.uconDb.maxInFlight,
    isAlarmed: false,
    shutdown,
    ended: (run, failure) => {
      counts.tried.add(run);
      counts[failure === undefined ? 'successful' : 'failed'].add(run);
      progressLines.ended(counts);
    },
  });
  progressLines.end();
  const { successful, failed, tried } = counts;
  logger.info(
    `${LABEL}: ${successful.size} runs ${dryRun ? 'would be' : 'are'} in ${directory}, ${failed.size} failed, ` +
      `${found.length - tried.size} are left`,
  );
  if (failed.size > 0) logger.warning(`${LABEL}: failed: ${formatRuns([...failed].sort(byRunNumber))}`);
  return failed.size === 0 && nowhere.length === 0 && error === undefined;
}

function makeTarget(directory: string): void {
  try {
    makeDirectory(directory);
  } catch (error) {
    throw new ArchiverError(`${directory} can't be made: ${messageOf(error)}; nothing was restored`, {
      cause: error,
    });
  }
}

/** Does a directory hold all these files, as they are? */
async function isThere(directory: string, { files }: Restored): Promise<boolean> {
  for (const { name, bytes } of files) {
    const path = join(directory, name);
    const stats = await lstat(path).catch(undefinedIfMissing);
    if (stats?.isFile() !== true || stats.size !== bytes.length) return false;
    if (!(await readFile(path)).equals(bytes)) return false;
  }
  return true;
}

/** @returns false if a stop came first: nothing was written then */
async function write(
  run: RunNumber,
  directory: string,
  { files }: Restored,
  { force, dryRun }: RestoreRequest,
  { shutdown }: Execution,
): Promise<boolean> {
  const names = files.map(({ name }) => name);
  return await explaining(run, directory, async () => {
    for (const name of new Set(names.flatMap(directoriesOf))) await refuseDetour(join(directory, name));
    for (const name of names) await refuseObstacle(join(directory, name), force);
    return dryRun || (await writeFilesTogether(directory, files, { stop: shutdown, replace: force }));
  });
}

/** @throws ArchiverError that names the run and the directory, for whatever the system throws */
async function explaining<Result>(
  run: RunNumber,
  directory: string,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const isOurs = error instanceof ArchiverError && !(error instanceof PersistenceError);
    if (isOurs) throw error;
    throw new ArchiverError(`run ${run} could not be restored to ${directory}: ${messageOf(error)}`, {
      cause: error,
      run,
    });
  }
}

function lastLine(run: RunNumber, directory: string, { what }: Restored, { dryRun }: RestoreRequest): string {
  return `✓ Run ${run}: ${what}, ${dryRun ? 'would be' : 'are'} in ${directory}`;
}

/** The files to write, and what the last line calls them. */
interface Restored {
  readonly files: readonly (NamedContent & { readonly bytes: Buffer })[];
  readonly what: string;
}

function asItIs(blob: Buffer, name: string): Restored {
  return { files: [{ name, bytes: blob }], what: `${blob.length} bytes, as they are stored` };
}

/** @throws BlobError, UconDbError if the blob can't be unpacked, or a file would leave the directory */
function unpacked(run: RunNumber, blob: Buffer): Restored {
  try {
    const record = unpackBytes(blob);
    if (record.run !== run) {
      throw new UconDbError(`the blob under key ${run} is that of run ${record.run}; nothing was restored`, {
        run,
        fault: 'run',
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
    throw new ArchiverError(`${path} exists and is no directory; nothing was restored`, { fault: 'run' });
  }
}

/** Warns if blobs were not compared, or nobody knows; the files are restored all the same. */
async function warnOfUncompared(runs: readonly RunNumber[], { site, logger }: Execution): Promise<void> {
  try {
    const noted = await site.uncompared.read();
    for (const run of runs.filter((each) => noted.has(each))) {
      logger
        .child({ run })
        .warning(
          `Run ${run}: this archiver uploaded the blob and has not found it equal to artdaqDB since; ` +
            `--verify --runs ${run} compares them`,
        );
    }
  } catch (error) {
    if (!(error instanceof PersistenceError)) throw error;
    const whose = runs.length === 1 ? `the blob of run ${runs[0]} was` : 'the blobs were';
    logger.warning(`It is not known if ${whose} compared with artdaqDB: ${error.message}`);
  }
}

async function refuseObstacle(path: string, force: boolean): Promise<void> {
  const stats = await lstat(path).catch(undefinedIfMissing);
  if (stats === undefined) return;
  if (!stats.isFile())
    throw new ArchiverError(`${path} exists and is no file; nothing was restored`, { fault: 'run' });
  if (!force)
    throw new ArchiverError(`${path} already exists; nothing was restored (--force replaces files)`, {
      fault: 'run',
    });
}
