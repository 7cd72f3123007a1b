import { readFile } from 'node:fs';
import * as nodeFiles from 'node:fs/promises';
import { promisify } from 'node:util';
import { ArchiverError, type ArchiverErrorDetails, ArtdaqDbError, messageOf } from '../../../errors.ts';
import { errorCode, mayPass } from '../../../system-error.ts';

/** The calls of `node:fs/promises` that the database needs; a test passes others to make one of them fail. */
export type DatabaseFiles = Pick<
  typeof nodeFiles,
  'mkdir' | 'open' | 'readdir' | 'readFile' | 'readlink' | 'realpath' | 'rename' | 'rm' | 'stat'
>;

/** `readFile` of `node:fs` makes no file handle object, which counts where a run has a hundred documents. */
export const realFiles: DatabaseFiles = {
  ...nodeFiles,
  readFile: promisify(readFile) as typeof nodeFiles.readFile,
};

/** What can fail without this project being wrong becomes an ArtdaqDbError; the rest passes as it is. */
export function asDatabaseError(
  error: unknown,
  context: string,
  details: ArchiverErrorDetails = {},
): unknown {
  if (error instanceof ArtdaqDbError) return error;
  if (!(error instanceof ArchiverError) && errorCode(error) === undefined) return error;
  const retryable = error instanceof ArchiverError ? error.retryable : mayPass(error);
  return new ArtdaqDbError(`${context}: ${messageOf(error)}`, { retryable, ...details, cause: error });
}
