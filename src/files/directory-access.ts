import type { StatsFs } from 'node:fs';
import { access, constants, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ConfigurationError, messageOf } from '../errors.ts';
import { errorCode } from '../system-error.ts';
import { temporaryName } from './atomic-file.ts';
import { ownershipHint } from './ownership.ts';

const MEBIBYTE = 2 ** 20;
/** A full disk stops the archiver; one with less space than this is soon full. */
const LITTLE_SPACE = 100 * MEBIBYTE;
const NO_SPACE = MEBIBYTE;

/** That something can be used, and what there is to warn of. */
export interface Usability {
  readonly text: string;
  readonly warnings?: readonly string[];
}

/** Where a directory is, or is still to be made. */
export interface NearestDirectory {
  /** The directory itself, or the nearest above it that exists. */
  readonly path: string;
  /** False: the directory is still to be made. */
  readonly exists: boolean;
}

/**
 * Finds the directory, or where it can be made.
 * @param parameter names the directory in messages
 * @throws ConfigurationError if something else is in its way
 */
export async function placeOf(directory: string, parameter: string): Promise<NearestDirectory> {
  const path = resolve(directory);
  for (let candidate = path; ; candidate = dirname(candidate)) {
    const stats = await looking(`${parameter} ${directory} can't be used`, () =>
      stat(candidate).catch(undefinedIfAbsent),
    );
    if (stats?.isDirectory() === true) return { path: candidate, exists: candidate === path };
    if (stats !== undefined) {
      throw new ConfigurationError(
        `${parameter} ${directory} can't be used: ${candidate} is not a directory; move it away or name another place`,
      );
    }
  }
}

/**
 * Tries whether files can be written into a directory, or the directory can be made; removes what it writes.
 * @throws ConfigurationError saying what to do
 */
export async function checkWritable(directory: string, parameter: string): Promise<Usability> {
  const place = await placeOf(directory, parameter);
  const problem = `${parameter} ${directory} can't be ${place.exists ? 'written' : `made in ${place.path}`}`;
  await writing(problem, () => probe(place.path));
  const space = await spaceAt(place.path, parameter);
  return { ...space, text: `${place.exists ? 'writable' : 'will be made'}${space.text}` };
}

/** As {@link checkWritable}, where nobody may see even a short-lived file: only asks the system. */
export async function checkMayWrite(directory: string, parameter: string): Promise<NearestDirectory> {
  const place = await placeOf(directory, parameter);
  const problem = `${parameter} ${directory} can't be ${place.exists ? 'written' : `made in ${place.path}`}`;
  await writing(problem, () => access(place.path, constants.W_OK | constants.X_OK));
  return place;
}

/** The space that is left on a file system. @throws ConfigurationError if there is none */
export async function spaceAt(path: string, parameter: string): Promise<Usability> {
  const space = await looking(`${parameter}: the free space of ${path} can't be told`, () => statfs(path));
  return spaceLeft(space, path);
}

/**
 * What to say about the space of a file system, as the end of another text.
 * @throws ConfigurationError if it is full
 */
export function spaceLeft({ bavail, bsize, files, ffree }: StatsFs, path: string): Usability {
  const bytes = bavail * bsize;
  const free = `${readable(bytes)} free`;
  if (bytes < NO_SPACE || (files > 0 && ffree === 0)) {
    const what = bytes < NO_SPACE ? free : 'no more files can be made';
    throw new ConfigurationError(`The disk of ${path} is full (${what}); make room`);
  }
  const warnings = bytes < LITTLE_SPACE ? ['little space is left; make room before the disk is full'] : [];
  return { text: `, ${free}`, warnings };
}

/** For `catch`: undefined if nothing is at that path, even if what is above it is no directory. */
export function undefinedIfAbsent(error: unknown): undefined {
  const code = errorCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  throw error;
}

/** If a kill leaves the file behind, its name tells those who remove temporary files. */
async function probe(directory: string): Promise<void> {
  const path = join(directory, temporaryName('check'));
  try {
    await writeFile(path, 'check\n', { flag: 'wx' });
  } finally {
    await rm(path, { force: true });
  }
}

/**
 * Runs a call that only looks.
 * @throws ConfigurationError that begins with the problem, if the system refuses it
 */
export async function looking<Result>(problem: string, look: () => Promise<Result>): Promise<Result> {
  try {
    return await look();
  } catch (error) {
    throw new ConfigurationError(`${problem}: ${messageOf(error)}${ownershipHint(error)}`, { cause: error });
  }
}

async function writing(problem: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    const advice =
      ownershipHint(error) || '; give the account that runs the archiver the right to write there';
    throw new ConfigurationError(`${problem}: ${messageOf(error)}${advice}`, { cause: error });
  }
}

function readable(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
