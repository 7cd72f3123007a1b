import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { messageOf, RunRecordError } from '../errors.ts';
import { byRunNumber, parseRunNumber, type RunNumber } from '../runs/run-number.ts';
import type { RunSet } from '../runs/run-set.ts';
import { errorCode, isOfSite } from '../system-error.ts';

/** The run directories of a place. */
export interface RunDirectories {
  /** Ascending; each directory counts once. */
  readonly runs: readonly RunNumber[];
  /** Entries that look like runs but are none. */
  readonly odd: readonly string[];
  /** Links to directories that count under another number: link -> number. */
  readonly aliases: ReadonlyMap<RunNumber, RunNumber>;
}

/** How many directories are looked up at once; matters on network file systems. */
const CONCURRENCY = 16;
/** Of more entries than this, the directory is asked for the types of all. */
const MOST_LOOKED_UP = 1000;

/**
 * Lists the sub-directories of `location` that are named by a run number (documentation/FILE_FORMATS.md, "Run record").
 * A link to a directory counts, too, unless the directory counts already: real directories come first, then links with
 * the lowest numbers.
 * @param known runs that were listed before: they count by their names alone. Types of a million entries take memory, and where
 *   the file system does not keep them in its directories, a look-up each
 * @throws RunRecordError if `location` can't be listed
 */
export async function listRunDirectories(location: string, known?: RunSet): Promise<RunDirectories> {
  const quick = known?.isEmpty === false ? await listByName(location, known) : undefined;
  if (quick !== undefined) return quick;
  const directories: RunNumber[] = [];
  const links: RunNumber[] = [];
  const odd: string[] = [];
  for (const entry of await asked(readdir(location, { withFileTypes: true }))) {
    const run = parseRunNumber(entry.name);
    if (run === undefined) odd.push(...oddName(entry.name));
    else if (entry.isDirectory()) directories.push(run);
    else if (entry.isSymbolicLink()) links.push(run);
    else odd.push(noDirectory(run));
  }
  if (links.length === 0) return { runs: ascending(directories), odd, aliases: new Map() };

  const counted = new Map<string, RunNumber>();
  const aliases = new Map<RunNumber, RunNumber>();
  const runs: RunNumber[] = [];
  for (const group of [directories, links]) {
    group.sort(byRunNumber);
    const limit = pLimit(CONCURRENCY);
    const identities = await limit.map(group, (run) => identityOf(join(location, String(run))));
    group.forEach((run, i) => {
      const identity = identities[i];
      const same = identity === undefined ? undefined : counted.get(identity);
      if (same !== undefined) aliases.set(run, same);
      else if (identity === undefined && group === links) {
        odd.push(`"${run}" (a link that leads to no directory)`);
      } else {
        if (identity !== undefined) counted.set(identity, run);
        runs.push(run);
      }
    });
  }
  return { runs: runs.sort(byRunNumber), odd, aliases };
}

/** @returns undefined if there are links among the others, or too many others */
async function listByName(location: string, known: RunSet): Promise<RunDirectories | undefined> {
  const runs: RunNumber[] = [];
  const others: RunNumber[] = [];
  const odd: string[] = [];
  for (const name of await asked(readdir(location))) {
    const run = parseRunNumber(name);
    if (run === undefined) odd.push(...oddName(name));
    else if (known.has(run)) runs.push(run);
    else others.push(run);
  }
  if (others.length > MOST_LOOKED_UP) return undefined;
  const looks = pLimit(CONCURRENCY).map(others, (run) => lstat(join(location, String(run))));
  const found = await looks.catch((error: unknown) => {
    // One that has vanished meanwhile, or can't be looked at, is the other way's business.
    if (errorCode(error) === undefined) throw error;
  });
  if (found === undefined || found.some((stats) => stats.isSymbolicLink())) return undefined;
  others.forEach((run, i) => {
    if (found[i]?.isDirectory()) runs.push(run);
    else odd.push(noDirectory(run));
  });
  return { runs: ascending(runs), odd, aliases: new Map() };
}

/** Sorts in a fifth of the time that an array takes. */
function ascending(runs: readonly RunNumber[]): RunNumber[] {
  return Array.from(Float64Array.from(runs).sort());
}

function oddName(name: string): string[] {
  return looksLikeNumber(name) ? [JSON.stringify(name)] : [];
}

function noDirectory(run: RunNumber): string {
  return `"${run}" (not a directory)`;
}

async function asked<Entries>(reading: Promise<Entries>): Promise<Entries> {
  try {
    return await reading;
  } catch (cause) {
    throw new RunRecordError(
      `the run records can't be listed: ${messageOf(cause)}; check source_files.run_records_dir and its permissions`,
      { stage: 'import', cause, retryable: true, fault: 'site' },
    );
  }
}

/**
 * Does Python take it for a number? The reference tries digits of any script, with a sign or blanks around, and stops
 * at `²`.
 */
function looksLikeNumber(name: string): boolean {
  return /^[\s+-]*\p{N}+\s*$/u.test(name);
}

/** Which directory it is, whatever the path; undefined if the path leads to none. */
async function identityOf(path: string): Promise<string | undefined> {
  try {
    const stats = await stat(path, { bigint: true });
    return stats.isDirectory() ? `${stats.dev}:${stats.ino}` : undefined;
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    // A file server that does not answer tells nothing about the directory: reading the run says what is wrong.
    return isOfSite(error) ? path : undefined;
  }
}
