import { readFileSync, readSync, type StatOptions, statSync } from 'node:fs';
import * as nodeFiles from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Environment } from '../../environment.ts';
import {
  ArchiverError,
  type ArchiverErrorDetails,
  ArtdaqDbError,
  ConfigurationError,
  type ErrorFault,
  messageOf,
  PersistenceError,
} from '../../errors.ts';
import { syncDirectory, writeFileAtomic } from '../../files/atomic-file.ts';
import { ownershipHint } from '../../files/ownership.ts';
import { errorCode, isOfSite, mayPass, undefinedIfMissing } from '../../system-error.ts';
import { type DatabaseOrigin, metadataContent, SYSTEM_METADATA } from '../database-description.ts';
import { randomObjectId } from '../object-id.ts';
import { FRESH_INDEX } from './index/index-entry.ts';

/** The calls of the file system that the database needs; a test passes others to make one of them fail. */
export interface DatabaseFiles
  extends Pick<
    typeof nodeFiles,
    'link' | 'mkdir' | 'open' | 'opendir' | 'readdir' | 'readlink' | 'realpath' | 'rename' | 'rm' | 'stat'
  > {
  readonly readSync: typeof readSync;
  /** Reads one document. */
  readFile(path: string): Promise<Buffer>;
}

export const realFiles: DatabaseFiles = {
  ...nodeFiles,
  // Each export looks a dozen times whether anything has changed; waiting for the thread pool would take longer than that.
  stat: (async (path: string, options?: StatOptions) => statSync(path, options)) as typeof nodeFiles.stat,
  readSync,
  readFile: readSmallFile,
};

/**
 * A run has a hundred small documents. Handing open, stat, read and close of each to the thread pool takes more processor time
 * than they do; signals and other runs get their turn between two files.
 */
async function readSmallFile(path: string): Promise<Buffer> {
  await setImmediate();
  return readFileSync(path);
}

/** For `catch`: what was to be made is there already, by another process; any other error is thrown again. */
export function toleratingExistence(error: unknown): void {
  if (errorCode(error) !== 'EEXIST') throw error;
}

/** What the system says where the database may not be written, or is not where it should be. */
const REFUSALS: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM', 'ENOTDIR', 'ELOOP']);

/**
 * What can fail without this project being wrong becomes an ArtdaqDbError; the rest passes as it is. If the system refuses us a
 * directory or an index, it does so for every run; whoever reads a document of one run says otherwise.
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
  // What writes a file in one go explains what the system said of it.
  const reason = error instanceof PersistenceError ? error.cause : error;
  if (reason instanceof ArchiverError) return reason.fault;
  return isOfSite(reason) || REFUSALS.has(errorCode(reason)) ? 'site' : 'unknown';
}

const PREFIX = 'filesystemdb://';
const PARAMETER = 'artdaq_db.database_uri';
const VARIABLE = /\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))/g;
/** What `wordexp`, through which the C++ tools pass the path, would treat specially, and control characters. */
const SPECIAL = /[\s~$`"'\\|&;<>(){}*?[\]#]|\p{Cc}/u;

/**
 * The directory that a `filesystemdb:///abs/path/db` URI names. `$VAR` and `${VAR}` are expanded as the C++ tools do;
 * whatever else they would expand or split (`~`, blanks, quotes, wildcards, …) is refused, so that both always mean the
 * same directory.
 * @throws ConfigurationError naming the parameter and what is wrong with it
 */
export function databasePath(uri: string, environment: Environment): string {
  const written = uri.slice(PREFIX.length);
  const path = written.replace(VARIABLE, (_reference, braced?: string, plain?: string) =>
    variableValue(braced ?? plain ?? '', uri, environment),
  );
  const special = SPECIAL.exec(path)?.[0];
  if (special !== undefined) {
    throw refused(
      uri,
      `its path holds ${describe(special)}, which the artdaq database tools would not take as it is`,
    );
  }
  if (!path.startsWith('/')) throw refused(uri, 'its path must be absolute, without a host');
  const directory = resolve(path);
  if (directory === '/') throw refused(uri, 'it names no directory below /');
  return directory;
}

function variableValue(name: string, uri: string, environment: Environment): string {
  const value = environment[name];
  if (value === undefined || value === '') {
    throw refused(uri, `the environment variable ${name} that it uses is not set`);
  }
  return value;
}

function refused(uri: string, reason: string): ConfigurationError {
  const shown = uri.replace(/\/\/.*@/s, '//…@');
  return new ConfigurationError(
    `${PARAMETER} '${shown}' can't be used: ${reason}. Write ${PREFIX}/absolute/path/of/the/database`,
  );
}

function describe(character: string): string {
  return /[\s\p{Cc}]/u.test(character) ? `a blank or control character` : `the character ${character}`;
}

/**
 * Where this project keeps what only it needs. The C++ tools take every file in SystemMetadata for a document, but don't look
 * at directories.
 */
export function privateDirectory(database: string): string {
  return join(database, SYSTEM_METADATA, '.run-record-archiver');
}

/** Makes the database directory, its collections and our own directory where they are missing, durably. */
export async function ensureDirectories(database: string, files: DatabaseFiles): Promise<void> {
  for (const name of [SYSTEM_METADATA, 'RunHistory', 'SystemLayout']) {
    await ensureDirectory(join(database, name), files);
  }
  await ensureDirectory(privateDirectory(database), files);
}

/** Step by step: Node's recursive `mkdir` says "no such file" where a file system is read-only. */
async function ensureDirectory(path: string, files: DatabaseFiles): Promise<void> {
  if (await isDirectory(path, files)) return;
  const parent = dirname(path);
  try {
    await files.mkdir(path);
  } catch (error) {
    if (errorCode(error) === 'EEXIST' && (await isDirectory(path, files))) return;
    if (errorCode(error) !== 'ENOENT' || parent === path) throw error;
    // It may have been made by another process in the meantime.
    await ensureDirectory(parent, files);
    await files.mkdir(path).catch(toleratingExistence);
  }
  await syncDirectory(parent, files);
}

async function isDirectory(path: string, files: DatabaseFiles): Promise<boolean> {
  return (await files.stat(path).catch(undefinedIfMissing))?.isDirectory() ?? false;
}

/** A temporary file of a document or index; not the lock, whose names begin otherwise. */
const LEFTOVER = /^\.(?:[0-9a-f]{24}|index)\.json\..*\.archiver-tmp$/;

/**
 * Makes the collection SystemMetadata with its one document, as the C++ tools do on first use: they take a database
 * without that directory for new. Only the holder of the lock may call it.
 */
export async function ensureMetadata(
  database: string,
  location: string,
  origin: DatabaseOrigin,
  now: Date,
  files: DatabaseFiles,
): Promise<void> {
  const directory = join(database, SYSTEM_METADATA);
  const names = (await files.readdir(directory).catch(undefinedIfMissing)) ?? [];
  // The C++ tools take each file here for a document, so what a killed process left must go.
  for (const name of names.filter((each) => LEFTOVER.test(each))) await files.rm(join(directory, name));
  if (!names.some((name) => /^[0-9a-f]{24}\.json$/.test(name))) {
    const id = randomObjectId();
    const text = metadataText(id, location, origin, now);
    await writeFileAtomic(join(directory, `${id}.json`), text, { files, syncDirectory: false });
  } else if (names.includes('index.json')) {
    return;
  }
  if (!names.includes('index.json')) {
    await writeFileAtomic(join(directory, 'index.json'), FRESH_INDEX, { files, syncDirectory: false });
  }
  await syncDirectory(directory, files);
}

/** The metadata document; format: documentation/ARTDAQDB.md, "FilesystemDB on disk". */
function metadataText(id: string, location: string, origin: DatabaseOrigin, now: Date): string {
  const document = JSON.stringify(metadataContent(location, origin, now));
  return `{"document":${document},"_id": { "$oid":"${id}"}}`;
}
