import { constants } from 'node:fs';
import { access, lstat, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import pLimit from 'p-limit';
import { messageOf, RunRecordError } from '../errors.ts';
import { parseRunNumber, type RunNumber } from '../run-number.ts';
import { type Logger, silentLogger } from '../services/logger.ts';
import { abbreviate, type Fault, faultOf, faultsError, shown } from './record-faults.ts';
import { glanceAt, METADATA_FILE } from './record-glance.ts';
import { type ListedFile, listRecord, type RecordListing } from './record-listing.ts';
import { listRunDirectories } from './run-directories.ts';
import type { RecordFile, RecordGlance, RunRecord, RunRecordSource } from './run-record-source.ts';
import { SETTLING, type Settling, settled } from './settling.ts';
import { changed, lastChangeOf, readStable, signatureAt } from './stable-file.ts';

/** Sizes in bytes beyond which a run is refused rather than taken into memory. */
export interface RecordLimits {
  readonly file: number;
  readonly record: number;
}

/** Ten times what the largest detectors write (300 files, 10 MB). */
const LIMITS: RecordLimits = { file: 32 * 2 ** 20, record: 128 * 2 ** 20 };

/** Files of one run that are read at once. */
const CONCURRENCY = 8;

/** How run directories are read; what is absent is as in production. */
export interface RecordReading {
  readonly limits?: RecordLimits;
  readonly settling?: Settling;
}

/** The run records that DAQInterface leaves in a directory: one sub-directory a run, named by the run number. */
export class RunRecordDirectory implements RunRecordSource {
  readonly location: string;
  readonly #logger: Logger;
  readonly #limits: RecordLimits;
  readonly #settling: Settling;
  #lastNotice = '';

  constructor(location: string, logger: Logger = silentLogger, reading: RecordReading = {}) {
    this.location = resolve(location);
    this.#logger = logger;
    this.#limits = reading.limits ?? LIMITS;
    this.#settling = reading.settling ?? SETTLING;
  }

  async listRuns(): Promise<RunNumber[]> {
    const { runs, odd, aliases } = await listRunDirectories(this.location);
    const notice = abbreviate(odd);
    if (notice !== '' && notice !== this.#lastNotice) {
      this.#logger.warning(
        `${this.location}: these look like runs but are none, and are left alone: ${notice}`,
      );
      this.#lastNotice = notice;
    }
    if (aliases.size > 0) {
      const list = [...aliases].map(([link, run]) => `${link} (is ${run})`);
      this.#logger.debug(`${this.location}: links to runs that count already: ${abbreviate(list)}`);
    }
    return [...runs];
  }

  async read(run: RunNumber): Promise<RunRecord> {
    const directory = join(this.location, String(run));
    const root = await this.#realDirectory(run, directory);
    const listing = await this.#settledListing(run, directory, root);
    const files = await this.#readFiles(run, directory, listing);
    await checkUnchanged(run, directory, root, listing, files);
    if (files.length === 0) {
      throw new RunRecordError(
        `run ${run}: ${directory} holds nothing to archive (no *.fcl file and no text file of DAQInterface); ` +
          'is it still being copied?',
        { stage: 'import', run, retryable: true, fault: 'unknown' },
      );
    }
    return {
      run,
      directory,
      files: files.map(({ path, bytes }) => ({ path, bytes })),
      warnings: warningsOf(listing),
    };
  }

  async glance(run: RunNumber): Promise<RecordGlance> {
    const directory = join(this.location, String(run));
    const root = await this.#realDirectory(run, directory);
    try {
      return await glanceAt(root, this.#settling, this.#guard());
    } catch (error) {
      throw faultsError(run, directory, [faultOf(METADATA_FILE, error)]);
    }
  }

  async #realDirectory(run: RunNumber, directory: string): Promise<string> {
    try {
      const root = await realpath(directory);
      const stats = await lstat(root);
      if (!stats.isDirectory()) throw new RunRecordError('is not a directory');
      const other =
        dirname(root) === (await realpath(this.location)) ? parseRunNumber(basename(root)) : undefined;
      if (other !== undefined && other !== run) throw new RunRecordError(`is a link to run ${other}`);
      return root;
    } catch (error) {
      await this.#expectLocation(run);
      throw faultsError(run, directory, [faultOf('', error)]);
    }
  }

  /** Where no run can be read the system gives for each of them the same reasons as for one that can't be read. */
  async #expectLocation(run: RunNumber): Promise<void> {
    try {
      await access(this.location, constants.R_OK | constants.X_OK);
    } catch (cause) {
      throw new RunRecordError(
        `run ${run} can't be read, as ${this.location} can't be: ${messageOf(cause)}; check source_files.run_records_dir and its permissions`,
        { stage: 'import', run, cause, retryable: true, fault: 'site' },
      );
    }
  }

  /** A record that is still being copied would be archived for good without the files that are to come. */
  async #settledListing(run: RunNumber, directory: string, root: string): Promise<RecordListing> {
    const listing = await settled(async () => {
      const found = await listRecord(root);
      const paths = [...found.directories, ...found.files.map(({ target }) => target)];
      const changes = await pLimit(CONCURRENCY).map(paths, lastChangeOf);
      return { found, lastChange: changes.reduce((latest, change) => Math.max(latest, change), 0) };
    }, this.#settling);
    if (listing !== undefined) return listing;
    const problem = `is being modified (is it still being copied?) and was for ${this.#settling.patience / 1000} s`;
    throw faultsError(run, directory, [{ path: '', problem, retryable: true, fault: 'unknown' }]);
  }

  /** Reads on after a fault, so that the message names all of them. */
  async #readFiles(run: RunNumber, directory: string, listing: RecordListing): Promise<ReadFile[]> {
    const faults: Fault[] = [...listing.faults];
    const files: ReadFile[] = [];
    const admit = this.#guard();
    const limit = pLimit(CONCURRENCY);
    await limit.map(listing.files, async (file) => {
      try {
        files.push({ ...file, ...(await readStable(file.target, admit)) });
      } catch (error) {
        faults.push(faultOf(file.path, error));
      }
    });
    if (faults.length > 0) throw faultsError(run, directory, faults.toSorted(byPath));
    return files.sort(byPath);
  }

  #guard(): (size: number) => void {
    let total = 0;
    return (size) => {
      const { file, record } = this.#limits;
      if (size > file)
        throw new RunRecordError(`has ${size} bytes, more than the ${file} that a file may have`);
      total += size;
      if (total > record)
        throw new RunRecordError(`brings the record beyond the ${record} bytes that it may have`);
    };
  }
}

interface ReadFile extends RecordFile, ListedFile {
  readonly signature: string;
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : 1;
}

/** What was read counts only if the directory still holds the same when all is read. */
async function checkUnchanged(
  run: RunNumber,
  directory: string,
  root: string,
  listing: RecordListing,
  files: readonly ReadFile[],
): Promise<void> {
  const paths = (of: RecordListing) => of.files.map((file) => file.path).join('\n');
  const limit = pLimit(CONCURRENCY);
  const checks = await limit.map(files, async ({ path, target, signature }) => {
    try {
      return (await signatureAt(target)) === signature ? undefined : faultOf(path, changed());
    } catch (error) {
      return faultOf(path, error);
    }
  });
  const faults = checks.filter((fault) => fault !== undefined);
  const again = await listRecord(root);
  if (again.faults.length > 0) faults.push(...again.faults);
  else if (paths(again) !== paths(listing)) faults.push(faultOf('', changed()));
  if (faults.length > 0) throw faultsError(run, directory, faults);
}

/** One line for each reason. */
function warningsOf({ aside }: RecordListing): string[] {
  const byReason = new Map<string, string[]>();
  for (const [path, reason] of aside) {
    const paths = byReason.get(reason);
    if (paths === undefined) byReason.set(reason, [path]);
    else paths.push(path);
  }
  return [...byReason].map(
    ([reason, paths]) => `not archived: ${abbreviate(paths.sort().map(shown))} (${reason})`,
  );
}
