import { ArchiverError, type ErrorFault, messageOf, RunRecordError } from '../errors.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { errorCode, isOfSite } from '../system-error.ts';

/** Why one file of a run directory can't be archived. */
export interface Fault {
  /** Relative to the run directory; empty for the run directory itself. */
  readonly path: string;
  readonly problem: string;
  /** May the next attempt succeed? */
  readonly retryable: boolean;
  /** Whose fault it is: `run` only for what the files themselves hold or are. */
  readonly fault: ErrorFault;
}

/** How many entries a message names before it counts the rest. */
const NAMED = 20;

const PROBLEMS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  ELOOP: 'the symbolic link leads nowhere or in a circle',
  ENOENT: 'it does not exist',
};

/** Says what happened to a file. An error of the system may pass: a copy may be in progress, a server may come back. */
export function faultOf(path: string, error: unknown): Fault {
  if (error instanceof ArchiverError) {
    const { message, retryable, fault } = error;
    return { path, problem: message, retryable, fault };
  }
  const code = errorCode(error);
  if (code === undefined) throw error;
  const fault = isOfSite(error) ? 'site' : 'unknown';
  return { path, problem: PROBLEMS[code] ?? messageOf(error), retryable: true, fault };
}

/** A fault in what the file is or holds, which remains until somebody corrects it. */
export function lastingFault(path: string, problem: string): Fault {
  return { path, problem, retryable: false, fault: 'run' };
}

/** One error for all faults of a run; retryable if all of them are. */
export function faultsError(run: RunNumber, directory: string, faults: readonly Fault[]): RunRecordError {
  const list = abbreviate(
    faults.map(({ path, problem }) => (path === '' ? problem : `${shown(path)}: ${problem}`)),
    '; ',
  );
  return new RunRecordError(`run ${run} can't be archived whole from ${directory}: ${list}`, {
    stage: 'import',
    run,
    retryable: faults.every(({ retryable }) => retryable),
    fault: faultOfAll(faults),
  });
}

/** The fault that would remain after the others have passed; a file server that is away explains all other problems. */
function faultOfAll(faults: readonly Fault[]): ErrorFault {
  if (faults.some(({ fault, retryable }) => fault === 'run' && !retryable)) return 'run';
  const met = new Set(faults.map(({ fault }) => fault));
  if (met.has('site')) return 'site';
  return met.has('unknown') ? 'unknown' : 'run';
}

/** A path as it stands in one line: quoted and escaped if it holds control characters, line ends above all. */
export function shown(path: string): string {
  return /[\p{Cc}\u2028\u2029]/u.test(path) ? JSON.stringify(path) : path;
}

/** Joins names for one line of the log; names 20 of them and counts the rest. */
export function abbreviate(names: readonly string[], separator = ', '): string {
  const more = names.length - NAMED;
  const named = names.slice(0, NAMED).join(separator);
  return more > 0 ? `${named}${separator}and ${more} more` : named;
}
