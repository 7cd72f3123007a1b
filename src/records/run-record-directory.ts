import { constants } from 'node:fs';
import { access, lstat, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pLimit from 'p-limit';
import { ArchiverError, messageOf, NotYetError, RunRecordError } from '../errors.ts';
import { type Logger, silentLogger } from '../log/logger.ts';
import { parseRunNumber, type RunNumber } from '../runs/run-number.ts';
import type { RunSet } from '../runs/run-set.ts';
import { errorCode, undefinedIfMissing } from '../system-error.ts';
import { abbreviate, type Fault, faultOf, faultsError, shown } from './record-faults.ts';
import { listRecord, type RecordListing } from './record-listing.ts';
import { listRunDirectories } from './run-directories.ts';
import type { Examined, RecordFile, RecordGlance, RunRecord, RunRecordSource } from './run-record-source.ts';
import { type FileState, readStable } from './stable-file.ts';
import { judge, LOOKS_APART_MS, lookAt, type RecordLook, type Wholeness } from './wholeness.ts';

/** Sizes in bytes beyond which a run is refused rather than taken into memory. */
export interface RecordLimits {
  readonly file: number;
  readonly record: number;
}

/** Ten times what the largest detectors write (300 files, 10 MB). */
const LIMITS: RecordLimits = { file: 32 * 2 ** 20, record: 128 * 2 ** 20 };

/** Files of one run that are read at once. */
const CONCURRENCY = 8;
/** Run directories that are looked at at once. */
const LOOKS_AT_ONCE = 4;
/** The highest run numbers are mostly the newest records: the last change of any of them tells what time it is. */
const NEWEST = 16;

/** Tells the times of a run. */
const METADATA_FILE = 'metadata.txt';

/** How run directories are read; what is absent is as in production. */
export interface RecordReading {
  readonly limits?: RecordLimits;
  /** Our clock, in milliseconds since 1970. */
  readonly now?: () => number;
  /** Lets so many milliseconds pass between two looks, by a clock that nobody sets. */
  readonly sleep?: (milliseconds: number) => Promise<unknown>;
}

/** The run records that DAQInterface leaves in a directory: one sub-directory a run, named by the run number. */
export class RunRecordDirectory implements RunRecordSource {
  readonly location: string;
  readonly #logger: Logger;
  readonly #limits: RecordLimits;
  readonly #now: () => number;
  readonly #sleep: (milliseconds: number) => Promise<unknown>;
  #lastNotice = '';
  /** The highest runs of the last listing. */
  #newest: readonly RunNumber[] = [];

  constructor(location: string, logger: Logger = silentLogger, reading: RecordReading = {}) {
    this.location = resolve(location);
    this.#logger = logger;
    this.#limits = reading.limits ?? LIMITS;
    this.#now = reading.now ?? Date.now;
    this.#sleep = reading.sleep ?? wait;
  }

  async listRuns(known?: RunSet): Promise<RunNumber[]> {
    const { runs, odd, aliases } = await listRunDirectories(this.location, known);
    const notice = abbreviate(odd);
    if (notice !== '' && notice !== this.#lastNotice) {
      this.#logger
        .child({ repeats: true })
        .warning(`${this.location}: these look like runs but are none, and are left alone: ${notice}`);
      this.#lastNotice = notice;
    }
    if (aliases.size > 0) {
      const list = [...aliases].map(([link, run]) => `${link} (is ${run})`);
      this.#logger.debug(`${this.location}: links to runs that count already: ${abbreviate(list)}`);
    }
    this.#newest = runs.slice(-NEWEST);
    return [...runs];
  }

  async examine(runs: readonly RunNumber[]): Promise<ReadonlyMap<RunNumber, Examined>> {
    const first = await this.#lookAtAll(runs);
    const changes = await this.#changesOf([...new Set([...this.#newest, ...runs])]);
    const clock = this.#now();
    const verdictOf = (run: RunNumber, one: RecordLook, other?: RecordLook): Wholeness =>
      judge(one, other, { clock, others: changes.find((each) => each.run !== run)?.time });
    const open = [...first].filter(([run, look]) => verdictOf(run, look).is === 'open').map(([run]) => run);
    if (open.length > 0) await this.#sleep(LOOKS_APART_MS);
    const second = await this.#lookAtAll(open);
    const examined = new Map<RunNumber, Examined>();
    for (const [run, look] of first) {
      const verdict = verdictOf(run, look, second.get(run));
      if (verdict.is === 'whole') examined.set(run, { is: 'whole', signature: look.signature });
      else if (verdict.is === 'copying') examined.set(run, verdict);
    }
    return examined;
  }

  /** Looks at runs side by side; leaves out those that can't be looked at. */
  async #lookAtAll(runs: readonly RunNumber[]): Promise<Map<RunNumber, RecordLook>> {
    const looks = new Map<RunNumber, RecordLook>();
    await pLimit(LOOKS_AT_ONCE).map(runs, async (run) => {
      try {
        const root = await this.#realDirectory(run, join(this.location, String(run)));
        looks.set(run, await lookAt(root));
      } catch (error) {
        if (!(error instanceof ArchiverError)) throw error;
        this.#logger.child({ run, error }).debug(`Run ${run} can't be looked at: ${error.message}`);
      }
    });
    return looks;
  }

  /** When run directories were changed last by the clock of their file system, the latest first. */
  async #changesOf(
    runs: readonly RunNumber[],
  ): Promise<{ readonly run: RunNumber; readonly time: number }[]> {
    const times = await pLimit(CONCURRENCY).map(runs, async (run) => {
      const stats = await stat(join(this.location, String(run))).catch((error: unknown) => {
        if (errorCode(error) === undefined) throw error;
      });
      return stats === undefined ? [] : [{ run, time: stats.ctimeMs }];
    });
    return times.flat().sort((one, other) => other.time - one.time);
  }

  async newestChange(): Promise<number | undefined> {
    return (await this.#changesOf(this.#newest))[0]?.time;
  }

  async read(
    run: RunNumber,
    signature: string | undefined,
    isWanted: (path: string) => boolean = () => true,
  ): Promise<RunRecord> {
    const directory = join(this.location, String(run));
    const root = await this.#realDirectory(run, directory);
    const listing = await listRecord(root);
    const wanted = listing.files.filter(({ path }) => isWanted(path));
    const { files, states, faults } = await readFiles({ ...listing, files: wanted }, guardOf(this.#limits));
    const isOfSite = faults.some(({ fault }) => fault === 'site');
    // What was read counts only if all of it was still as it was when it was found whole.
    if (!isOfSite && (await lookAt(root, states)).signature !== signature) {
      throw new NotYetError(
        `${directory} has changed since it was looked at, so it may still be being copied; the next execution looks again`,
        { stage: 'import', run },
      );
    }
    if (faults.length > 0) throw faultsError(run, directory, faults);
    if (listing.files.length === 0) {
      throw new RunRecordError(
        `run ${run}: ${directory} holds nothing to archive (no *.fcl file and no text file of DAQInterface); ` +
          'is it still being copied?',
        { stage: 'import', run, retryable: true, fault: 'unknown' },
      );
    }
    const aside = listing.aside.map(([path]) => path);
    return { run, directory, files, aside, warnings: warningsOf(listing) };
  }

  async glance(run: RunNumber): Promise<RecordGlance> {
    const directory = join(this.location, String(run));
    const root = await this.#realDirectory(run, directory);
    try {
      return await glanceAt(root, guardOf(this.#limits));
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

  /** Where no run can be read, the system gives the same reason for each of them as for a single one that can't be. */
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
}

/** Gets the size of each file of a run before it is read, and throws RunRecordError if there is too much. */
type Guard = (size: number) => void;

function guardOf({ file, record }: RecordLimits): Guard {
  let total = 0;
  return (size) => {
    if (size > file)
      throw new RunRecordError(`has ${size} bytes, more than the ${file} that a file may have`);
    total += size;
    if (total > record)
      throw new RunRecordError(`brings the record beyond the ${record} bytes that it may have`);
  };
}

/** The files of a record. */
interface ReadFiles {
  readonly files: readonly RecordFile[];
  /** Their states after they were read, by the path that was opened. */
  readonly states: ReadonlyMap<string, FileState>;
  readonly faults: readonly Fault[];
}

/** Reads on after a fault, so that the message names all of them. */
async function readFiles(listing: Pick<RecordListing, 'files' | 'faults'>, admit: Guard): Promise<ReadFiles> {
  const faults: Fault[] = [...listing.faults];
  const files: RecordFile[] = [];
  const states = new Map<string, FileState>();
  await pLimit(CONCURRENCY).map(listing.files, async ({ path, target }) => {
    try {
      const { bytes, state } = await readStable(target, admit);
      files.push({ path, bytes });
      states.set(target, state);
    } catch (error) {
      faults.push(faultOf(path, error));
    }
  });
  return { files: files.sort(byPath), states, faults: faults.sort(byPath) };
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : 1;
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

/**
 * Looks at a run directory's `metadata.txt`.
 * @param root its real path
 * @throws RunRecordError, or the system's error
 */
async function glanceAt(root: string, admit: Guard): Promise<RecordGlance> {
  const directory = await stat(root);
  const path = await realpath(join(root, METADATA_FILE)).catch(undefinedIfMissing);
  if (path === undefined) {
    return { metadata: undefined, signature: '', modified: directory.mtimeMs, changed: directory.ctimeMs };
  }
  if (!path.startsWith(root + sep)) {
    throw new RunRecordError('is a symbolic link that leads out of the run directory');
  }
  const { bytes, state } = await readStable(path, admit);
  const file = await stat(path);
  return {
    metadata: bytes,
    signature: state.signature,
    modified: Math.max(directory.mtimeMs, file.mtimeMs),
    changed: Math.max(directory.ctimeMs, file.ctimeMs),
  };
}
