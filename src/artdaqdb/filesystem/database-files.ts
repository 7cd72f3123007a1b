import { readSync, type StatOptions, statSync } from 'node:fs';
import * as nodeFiles from 'node:fs/promises';
import {
  ArchiverError,
  type ArchiverErrorDetails,
  ArtdaqDbError,
  type ErrorFault,
  messageOf,
  PersistenceError,
} from '../../errors.ts';
import { ownershipHint } from '../../files/ownership.ts';
import { readSmallFile } from '../../files/small-file.ts';
import { errorCode, isOfSite, mayPass } from '../../system-error.ts';

/** The calls of the file system that the database needs; a test passes others to make one of them fail. */
export interface DatabaseFiles
  extends Pick<
    typeof nodeFiles,
    'link' | 'mkdir' | 'open' | 'opendir' | 'readdir' | 'readlink' | 'realpath' | 'rename' | 'rm' | 'stat'
  > {
  readonly readSync: typeof readSync;
  /** Reads one document. @param memory what to read into, if there is room */
  readFile(path: string, memory?: Buffer): Promise<Buffer>;
}

/** The system's own calls. */
export const realFiles: DatabaseFiles = {
  ...nodeFiles,
  // Each export checks a dozen times whether anything has changed; the thread pool would take longer than the call.
  stat: (async (path: string, options?: StatOptions) => statSync(path, options)) as typeof nodeFiles.stat,
  readSync,
  readFile: readSmallFile,
};

/** For `catch`: another process has made the file already. Any other error is thrown again. */
export function toleratingExistence(error: unknown): void {
  if (errorCode(error) !== 'EEXIST') throw error;
}

/** The system's errors where the database may not be written, or is not where it should be. */
const REFUSALS: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM', 'ENOTDIR', 'ELOOP']);

/**
 * Failures that are not this project's own mistakes become an ArtdaqDbError; others pass unchanged. If the system refuses a
 * directory or an index, every run is concerned; whoever reads a document of one run passes another fault.
 */
export function asDatabaseError(
  error: unknown,
  context: string,
  details: ArchiverErrorDetails = {},
): unknown {
  if (error instanceof ArtdaqDbError) return error;
  if (!(error instanceof ArchiverError) && errorCode(error) === undefined) return error;
  const retryable = error instanceof ArchiverError ? error.retryable : mayPass(error);
  const fault = faultOf(error);
  return new ArtdaqDbError(`${context}: ${messageOf(error)}${ownershipHint(error)}`, {
    retryable,
    fault,
    ...details,
    cause: error,
  });
}

function faultOf(error: unknown): ErrorFault {
  // A PersistenceError wraps what the system said.
  const reason = error instanceof PersistenceError ? error.cause : error;
  if (reason instanceof ArchiverError) return reason.fault;
  return isOfSite(reason) || REFUSALS.has(errorCode(reason)) ? 'site' : 'unknown';
}
