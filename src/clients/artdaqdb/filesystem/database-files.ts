import { readFile } from 'node:fs';
import * as nodeFiles from 'node:fs/promises';
import { promisify } from 'node:util';
import { ArchiverError, type ArchiverErrorDetails, ArtdaqDbError, messageOf } from '../../../errors.ts';
import { errorCode } from '../../../persistence/error-code.ts';

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

const MAY_PASS = new Set(['ENOSPC', 'EDQUOT', 'EBUSY', 'ESTALE', 'ETIMEDOUT', 'EMFILE', 'ENFILE', 'EINTR']);

/** What can fail without this project being wrong becomes an ArtdaqDbError; the rest passes as it is. */
export function asDatabaseError(
  error: unknown,
  context: string,
  details: ArchiverErrorDetails = {},
): unknown {
  if (error instanceof ArtdaqDbError) return error;
  const code = errorCode(error);
  if (!(error instanceof ArchiverError) && code === undefined) return error;
  const retryable = error instanceof ArchiverError ? error.retryable : MAY_PASS.has(code ?? '');
  return new ArtdaqDbError(`${context}: ${messageOf(error)}`, { retryable, ...details, cause: error });
}

/** The value of a call, or undefined if the file or directory isn't there. */
export async function unlessMissing<Value>(call: Promise<Value>): Promise<Value | undefined> {
  try {
    return await call;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
