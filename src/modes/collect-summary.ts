import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { PersistenceError } from '../errors.ts';
import { installationDirectory } from '../installation.ts';
import { readHolder } from '../lock/directory-lock.ts';
import { currentOwner, judgeOwner } from '../lock/owner.ts';
import type { Activity, LockedBy } from '../report/activity.ts';
import { shellWord } from '../report/recommendations.ts';
import { pendingRuns, type Status } from '../report/status.ts';
import type { RunNumber } from '../runs/run-number.ts';
import type { RunSet } from '../runs/run-set.ts';
import type { Site } from '../site.ts';
import type { GivenUp } from '../state/given-up-runs.ts';
import type { RepeatedWarning } from '../state/repeated-warnings.ts';
import { errorCode } from '../system-error.ts';

/** Which part of the site a report is about, and of which configuration. */
interface SummaryRequest {
  readonly configPath: string;
  /** All runs if absent. */
  readonly runs: RunSet | undefined;
}

/**
 * Reads what the summary of a status report needs besides the runs of each place. What can't be read is left out: a note of the last
 * execution, or of repeated warnings, that can't be read is a warning, and for the other files there is an error in the stages already.
 */
export async function collectSummary(
  listed: Status,
  { configPath, runs }: SummaryRequest,
  site: Site,
): Promise<
  Pick<Status, 'activity' | 'unequal' | 'oldestRecord' | 'repeatedWarnings' | 'batchSize' | 'command'>
> {
  const program = join(installationDirectory(), 'bin', 'run-archiver');
  return {
    activity: await activityOf(site),
    unequal: await unequalBlobs(runs, listed.givenUp, site),
    oldestRecord: await oldestRecord(listed, site),
    repeatedWarnings: await repeatedWarnings(runs, listed.givenUp, site),
    batchSize: site.config.app.batchSize,
    command: [program, resolve(configPath)].map(shellWord).join(' '),
  };
}

async function activityOf({ config, now, lastExecution, logger }: Site): Promise<Activity | undefined> {
  try {
    return {
      last: await lastExecution.read(),
      atWork: await holderOf(config.app.lockFile, now()),
      expectedEveryMinutes: config.reporting.expectedEveryMinutes,
      now: now(),
    };
  } catch (error) {
    if (!(error instanceof PersistenceError)) throw error;
    logger('run_record_archiver.reporter').warning(error.message);
    return undefined;
  }
}

/** Who holds the lock, unless it is known to have ended. */
async function holderOf(lockFile: string, now: Date): Promise<LockedBy | undefined> {
  const holder = await readHolder(`${resolve(lockFile)}.lock`);
  if (holder === undefined) return undefined;
  const { owner, since, lastSeen } = holder;
  const silentForMs = now.getTime() - lastSeen.getTime();
  const hasEnded = owner !== undefined && judgeOwner(owner, currentOwner(), silentForMs) === 'dead';
  return hasEnded ? undefined : { pid: owner?.pid, since };
}

async function repeatedWarnings(
  selected: RunSet | undefined,
  givenUp: GivenUp | undefined,
  { repeatedWarnings: file, logger }: Site,
): Promise<readonly RepeatedWarning[] | undefined> {
  try {
    const isShown = (run: number): boolean => (selected?.has(run) ?? true) && givenUp?.has(run) !== true;
    return (await file.read()).filter(({ run }) => run === null || isShown(run));
  } catch (error) {
    if (!(error instanceof PersistenceError)) throw error;
    logger('run_record_archiver.reporter').warning(error.message);
    return undefined;
  }
}

async function unequalBlobs(
  selected: RunSet | undefined,
  givenUp: GivenUp | undefined,
  { verification }: Site,
): Promise<RunNumber[] | undefined> {
  try {
    const runs = [...((await verification.unequal.read())?.numbers() ?? [])];
    return runs.filter((run) => (selected?.has(run) ?? true) && givenUp?.has(run) !== true);
  } catch (error) {
    if (!(error instanceof PersistenceError)) throw error;
    return undefined;
  }
}

/** When the record of the lowest run that waits for the import changed last; undefined if none waits, or it has gone. */
async function oldestRecord(listed: Status, { records }: Site): Promise<string | undefined> {
  const stage = listed.stages.find((candidate) => candidate.stage === 'import');
  if (stage === undefined || 'error' in stage) return undefined;
  const [run] = pendingRuns(listed, stage) ?? [];
  if (run === undefined) return undefined;
  try {
    return (await stat(join(records.location, String(run)))).mtime.toISOString();
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return undefined;
  }
}
