import type { Stats } from 'node:fs';
import { access, constants, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ArchiverConfig } from '../config/schema.ts';
import { ConfigurationError, messageOf } from '../errors.ts';
import { checkMayWrite, checkWritable, looking, undefinedIfAbsent } from '../files/directory-access.ts';
import { adviceOn, describeHolder, readHolder } from '../lock/directory-lock.ts';
import { findKernelLock } from '../lock/kernel-locks.ts';
import { currentOwner, judgeOwner } from '../lock/owner.ts';
import type { StageFiles } from '../stages/stage.ts';
import type { UncomparedRuns } from '../state/uncompared-runs.ts';
import type { Check, Finding } from './run-checks.ts';

/** The checks of what a stage keeps between executions. */
export function stageFileChecks(
  stage: 'import' | 'migrate',
  { state, failures, seen, waiting }: StageFiles,
  { app }: ArchiverConfig,
): Check[] {
  const file = (name: string, path: string, read: () => Promise<Finding>): Check => ({
    name,
    subject: `${name} ${path}`,
    look: () => checkFile(name, path, app.workDir, read),
  });
  return [
    file(`${stage}_state_file`, state.path, async () => {
      const { lastContiguousRun, lastAttemptedRun } = await state.read();
      return { text: `last contiguous run ${lastContiguousRun}, last attempted run ${lastAttemptedRun}` };
    }),
    file(`${stage}_failure_log`, failures.path, async () => {
      const { length } = await failures.read();
      const ignored = await ignoredLines(failures.path);
      const { problem } = await failures.reasons();
      const warnings = [
        ...(ignored === 0 ? [] : [`lines that are no run number: ${ignored}; they are ignored`]),
        ...(problem === undefined ? [] : [problem]),
      ];
      return { text: `${length} failed runs`, warnings };
    }),
    file(`${stage}_seen_runs`, seen.path, async () => {
      await seen.membership();
      return { text: 'readable' };
    }),
    file(`${stage}_waiting_runs`, waiting.path, async () => {
      const { byFault } = await waiting.read();
      return { text: `${byFault.size} runs wait by a fault` };
    }),
  ];
}

/** The check of the record of uploaded runs, without which the migrate stage does not begin. */
export function uncomparedRunsCheck(uncompared: UncomparedRuns, { app }: ArchiverConfig): Check {
  const name = 'uncompared_runs';
  const read = async (): Promise<Finding> => {
    const { ranges } = await uncompared.read();
    return { text: ranges.length === 0 ? 'no runs' : 'readable' };
  };
  const look = (): Promise<Finding> => checkFile(name, uncompared.path, app.workDir, read);
  return { name, subject: `${name} ${uncompared.path}`, look };
}

/** The check of the log file, if one is configured: whether lines can be added to it. */
export function logFileChecks({ app }: ArchiverConfig): Check[] {
  const { logFile, workDir } = app;
  if (logFile === undefined) return [];
  const look = async (): Promise<Finding> => {
    const directory = dirname(resolve(logFile));
    const stats = await statsOf('app.log_file', logFile);
    if (stats === undefined) {
      if (directory !== resolve(workDir)) await checkMayWrite(directory, 'app.log_file');
      return { text: 'will be made' };
    }
    if (!stats.isFile() && !stats.isCharacterDevice()) throw noFile('app.log_file', logFile);
    await looking(`app.log_file ${logFile} can't be written`, () => access(logFile, constants.W_OK));
    return { text: 'writable', warnings: stats.isFile() ? await rotationWarnings(directory) : [] };
  };
  return [{ name: 'log_file', subject: `log_file ${logFile}`, look }];
}

async function checkFile(
  parameter: string,
  path: string,
  workDir: string,
  read: () => Promise<Finding>,
): Promise<Finding> {
  const directory = dirname(resolve(path));
  // The right to write into the work directory has a check of its own.
  if (directory !== resolve(workDir)) await checkMayWrite(directory, parameter);
  const stats = await statsOf(parameter, path);
  if (stats === undefined) return { text: 'none yet' };
  // Reading a pipe would wait for a writer.
  if (!stats.isFile()) throw noFile(parameter, path);
  return read();
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

/** Undefined if it is still to be made. */
function statsOf(parameter: string, path: string): Promise<Stats | undefined> {
  return looking(`${parameter} ${path} can't be looked at`, () => stat(path).catch(undefinedIfAbsent));
}

function noFile(parameter: string, path: string): ConfigurationError {
  return new ConfigurationError(`${parameter} ${path} is no file; name another one, or move it away`);
}

async function ignoredLines(path: string): Promise<number> {
  const lines = (await readFile(path, 'utf8')).split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '' && !/^[0-9]+$/.test(line)).length;
}

/** The check of the work directory: there or to be made, writable, with space, and its records readable. */
export function workDirCheck({ app: { workDir } }: ArchiverConfig): Check {
  const look = async (): Promise<Finding> => {
    const finding = await checkWritable(workDir, 'app.work_dir');
    const names = (await readdir(workDir).catch(undefinedIfAbsent)) ?? [];
    // One that may be read is replaced whole, so that nobody has to be allowed to write it.
    for (const name of names.filter((each) => each.endsWith('.json'))) {
      const path = join(workDir, name);
      await looking(`${path} can't be read`, () => access(path, constants.R_OK).catch(undefinedIfAbsent));
    }
    return finding;
  };
  return { name: 'work_dir', subject: `work_dir ${workDir}`, look };
}

/** The check of the lock, which is not taken: whoever holds it is only named. */
export function lockFileCheck({ app }: ArchiverConfig): Check {
  const { lockFile, workDir } = app;
  const look = async (): Promise<Finding> => {
    const directory = dirname(resolve(lockFile));
    if (directory !== resolve(workDir)) await checkMayWrite(directory, 'app.lock_file');
    const text = await looking(`app.lock_file ${lockFile} can't be looked at`, () => stateOf(lockFile));
    return { text };
  };
  return { name: 'lock_file', subject: `lock_file ${lockFile}`, look };
}

async function stateOf(lockFile: string): Promise<string> {
  const path = resolve(lockFile);
  const holder = await readHolder(`${path}.lock`).catch(undefinedIfAbsent);
  if (holder !== undefined) {
    const { owner, lastSeen } = holder;
    const self = currentOwner();
    const liveness = owner && judgeOwner(owner, self, Date.now() - lastSeen.getTime());
    const described = describeHolder(holder);
    if (liveness === 'dead')
      return `left by ${described}, which has ended; the next execution clears it away`;
    if (liveness === 'unknown') return `held by ${described}. ${adviceOn(holder, self)}`;
    return `held by ${described}: an archiver is at work`;
  }
  const kernelLock = await findKernelLock(path).catch(undefinedIfAbsent);
  return kernelLock === undefined ? 'free' : `held by process ${kernelLock.pid}: an archiver is at work`;
}
