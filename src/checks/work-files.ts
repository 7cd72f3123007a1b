import type { Stats } from 'node:fs';
import { access, constants, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { ConfigurationError, messageOf } from '../errors.ts';
import {
  checkMayWrite,
  checkWritable,
  looking,
  placeOf,
  type Usability,
  undefinedIfAbsent,
} from '../files/directory-access.ts';
import { adviceOn, describeHolder, readHolder } from '../lock/directory-lock.ts';
import { findKernelLock } from '../lock/kernel-locks.ts';
import { currentOwner, judgeOwner } from '../lock/owner.ts';
import type { FailureLog } from '../state/failure-log.ts';

/** Looks at the work directory: it exists or can be made, is writable, has space, and its records are readable. */
export async function lookAtWorkDir(workDir: string): Promise<Usability> {
  const usability = await checkWritable(workDir, 'app.work_dir');
  const names = (await readdir(workDir).catch(undefinedIfAbsent)) ?? [];
  // Records are replaced as a whole, so the right to read them is enough.
  for (const name of names.filter((each) => each.endsWith('.json'))) {
    const path = join(workDir, name);
    await looking(`${path} can't be read`, () => access(path, constants.R_OK).catch(undefinedIfAbsent));
  }
  const warnings = [...(usability.warnings ?? []), ...temporaryPlace(await realPlace(workDir))];
  return { ...usability, warnings };
}

/** Where the directory really is, or will be. */
async function realPlace(directory: string): Promise<string> {
  const path = resolve(directory);
  const { path: existing } = await placeOf(path, 'app.work_dir');
  return join(await realpath(existing), relative(existing, path));
}

/** What the archiver keeps must outlive a restart of the machine. */
function temporaryPlace(directory: string): string[] {
  return `${directory}/`.startsWith('/tmp/')
    ? ['what is under /tmp is removed when the machine restarts, or after some days; name another directory']
    : [];
}

/** Names whoever holds the lock, which is not taken. */
export async function lookAtLockFile(lockFile: string, workDir: string): Promise<Usability> {
  await expectWritable(dirname(resolve(lockFile)), workDir, 'app.lock_file');
  const text = await looking(`app.lock_file ${lockFile} can't be looked at`, () => lockState(lockFile));
  return { text };
}

async function lockState(lockFile: string): Promise<string> {
  const path = resolve(lockFile);
  const holder = await readHolder(`${path}.lock`).catch(undefinedIfAbsent);
  if (holder === undefined) {
    const kernelLock = await findKernelLock(path).catch(undefinedIfAbsent);
    return kernelLock === undefined ? 'free' : `held by process ${kernelLock.pid}: an archiver is at work`;
  }
  const { owner, lastSeen } = holder;
  const self = currentOwner();
  const liveness = owner && judgeOwner(owner, self, Date.now() - lastSeen.getTime());
  const described = describeHolder(holder);
  if (liveness === 'dead') return `left by ${described}, which has ended; the next execution clears it away`;
  if (liveness === 'unknown') return `held by ${described}. ${adviceOn(holder, self)}`;
  return `held by ${described}: an archiver is at work`;
}

/** Finds out whether lines can be added to the log file, and whether it can be rotated. */
export async function lookAtLogFile(logFile: string, workDir: string): Promise<Usability> {
  const directory = dirname(resolve(logFile));
  const stats = await statsOf('app.log_file', logFile);
  if (stats === undefined) {
    await expectWritable(directory, workDir, 'app.log_file');
    return { text: 'will be made' };
  }
  if (!stats.isFile() && !stats.isCharacterDevice()) throw noFile('app.log_file', logFile);
  await looking(`app.log_file ${logFile} can't be written`, () => access(logFile, constants.W_OK));
  return { text: 'writable', warnings: stats.isFile() ? await rotationWarnings(directory) : [] };
}

/** A log that can be written but not put aside only grows. */
async function rotationWarnings(directory: string): Promise<string[]> {
  try {
    await checkMayWrite(directory, 'app.log_file');
    return [];
  } catch (error) {
    return [`it can't be rotated: ${messageOf(error)}`];
  }
}

/**
 * Looks at a file that the archiver keeps between executions: it can be replaced, and `read` if it exists.
 * @param read what tells about its content
 */
export async function lookAtKeptFile(
  name: string,
  path: string,
  workDir: string,
  read: () => Promise<Usability>,
): Promise<Usability> {
  await expectWritable(dirname(resolve(path)), workDir, name);
  const stats = await statsOf(name, path);
  if (stats === undefined) return { text: 'none yet' };
  // Reading a pipe would wait for a writer.
  if (!stats.isFile()) throw noFile(name, path);
  return read();
}

/** Reads a failure log and the reasons beside it. */
export async function readFailures(failures: FailureLog): Promise<Usability> {
  const { length } = await failures.logged();
  const lines = (await readFile(failures.path, 'utf8')).split('\n').map((line) => line.trim());
  const ignored = lines.filter((line) => line !== '' && !/^[0-9]+$/.test(line)).length;
  const { problem } = await failures.reasons();
  const warnings = [
    ...(ignored === 0 ? [] : [`lines that are no run number: ${ignored}; they are ignored`]),
    ...(problem === undefined ? [] : [problem]),
  ];
  return { text: `${length} failed runs`, warnings };
}

/** The work directory itself has a check of its own. */
async function expectWritable(directory: string, workDir: string, parameter: string): Promise<void> {
  if (directory !== resolve(workDir)) await checkMayWrite(directory, parameter);
}

/** Undefined if the file is still to be made. */
function statsOf(parameter: string, path: string): Promise<Stats | undefined> {
  return looking(`${parameter} ${path} can't be looked at`, () => stat(path).catch(undefinedIfAbsent));
}

function noFile(parameter: string, path: string): ConfigurationError {
  return new ConfigurationError(`${parameter} ${path} is no file; name another one, or move it away`);
}
