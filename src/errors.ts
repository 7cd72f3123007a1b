import { isOfSite } from './system-error.ts';

/** The two stages of the archiver. */
export type StageName = 'import' | 'migrate';

/**
 * Whose fault an error is. `run`: the run's own content, so another attempt can't help until somebody corrects the run.
 * `site`: a disk, a server, an account or the configuration, whatever run meets it. `unknown`: nobody can tell yet.
 */
export type ErrorFault = 'run' | 'site' | 'unknown';

/** A service and a direction: where a run's work fails or succeeds. Only a success at a place proves that the place works. */
export type Place =
  | 'run records'
  | 'artdaqDB write'
  | 'artdaqDB read'
  | 'UconDB write'
  | 'UconDB read'
  | 'work directory'
  | `host ${string}`;

/** What an error is about, besides its message. */
export interface ArchiverErrorDetails {
  /** The original error. */
  readonly cause?: unknown;
  readonly stage?: StageName;
  /** The run that the error belongs to. */
  readonly run?: number;
  /** Another attempt may succeed (a server is down, a file is still being copied). */
  readonly retryable?: boolean;
  /** By default the fault of the cause if it has one, otherwise the usual fault of the class. */
  readonly fault?: ErrorFault;
  /** Where it happened, if the thrower knows it better than its caller. */
  readonly place?: Place;
}

/**
 * A known error: its message says what is wrong, with what (file, line, run), and what to do. Every other error is a bug: inside
 * one run it fails that run, elsewhere it ends the program with exit code 2.
 */
export class ArchiverError extends Error {
  readonly stage: StageName | undefined;
  readonly run: number | undefined;
  readonly retryable: boolean;
  readonly fault: ErrorFault;
  /** Where it happened; the caller of a place fills it in. */
  place: Place | undefined;
  /** The fault of the errors of a class that say nothing else. */
  protected static readonly usualFault: ErrorFault = 'unknown';

  constructor(message: string, details: ArchiverErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.stage = details.stage;
    this.run = details.run;
    this.retryable = details.retryable ?? false;
    this.fault = details.fault ?? faultOfCause(details.cause) ?? new.target.usualFault;
    this.place = details.place ?? (details.cause instanceof ArchiverError ? details.cause.place : undefined);
  }
}

function faultOfCause(cause: unknown): ErrorFault | undefined {
  if (cause instanceof ArchiverError) return cause.fault;
  return isOfSite(cause) ? 'site' : undefined;
}

/** The configuration (file, environment or a place it names) can't be used. */
export class ConfigurationError extends ArchiverError {
  protected static override readonly usualFault = 'site';
}

/** A run directory can't be read, or has content that can't be archived. */
export class RunRecordError extends ArchiverError {
  protected static override readonly usualFault = 'run';
}

/** A text is no FHiCL that artdaqDB accepts. */
export class FhiclError extends ArchiverError {
  protected static override readonly usualFault = 'run';
  /** Position of the fault in the text, both counted from 1. */
  readonly line: number;
  readonly column: number;
  /** The message without file and position. */
  readonly problem: string;

  /** @param file name of the text, for the message */
  constructor(file: string, line: number, column: number, problem: string) {
    super(`${file}, line ${line}, column ${column}: ${problem}`);
    this.line = line;
    this.column = column;
    this.problem = problem;
  }
}

/** artdaqDB refused, is unreachable, or holds something unreadable. */
export class ArtdaqDbError extends ArchiverError {
  /** The name in the log of the Python archiver (`Error Type:`). */
  override readonly name: string = 'ArtdaqDBError';
}

/** artdaqDB already has the run under that configuration name (insert), or does not have it (update). */
export class ArtdaqDbPresenceError extends ArtdaqDbError {}

/** A run is not stored after it shared a write with others, which tells nothing about the run: it has to be stored alone. */
export class SharedWriteError extends ArtdaqDbError {
  /** Did all runs of that write fail? */
  readonly isWhole: boolean;

  constructor(message: string, isWhole: boolean, details: ArchiverErrorDetails) {
    super(message, details);
    this.isWhole = isWhole;
  }
}

/** UconDB refused, is unreachable, or gave an answer that can't be trusted. */
export class UconDbError extends ArchiverError {
  /** The name in the log of the Python archiver (`Error Type:`). */
  override readonly name: string = 'UconDBError';
}

/** The blob under a run's key at UconDB is not what artdaqDB holds of the run. */
export class BlobDifferenceError extends UconDbError {
  protected static override readonly usualFault = 'run';
}

/** A blob can't be packed or unpacked. */
export class BlobError extends ArchiverError {
  protected static override readonly usualFault = 'run';
}

/** State file, failure log or another file in the work directory can't be read or written. */
export class PersistenceError extends ArchiverError {
  protected static override readonly usualFault = 'site';
}

/** A notification could not be sent; this never changes the outcome. */
export class NotificationError extends ArchiverError {}

/** Another archiver holds the lock. */
export class LockExistsError extends ArchiverError {}

/** The run is left for a later execution. This is no failure: the run stays a candidate, and the position does not pass it. */
export class NotYetError extends ArchiverError {}

/** The text of any thrown value, for messages. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
