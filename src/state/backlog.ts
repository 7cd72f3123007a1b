import { PersistenceError, type StageName } from '../errors.ts';
import { byRunNumber, type RunNumber } from '../runs/run-number.ts';
import { RunSet } from '../runs/run-set.ts';
import type { FailureLog } from './failure-log.ts';
import type { FailureReason, KnownReasons } from './failure-reasons.ts';
import type { GivenUpRuns } from './given-up-runs.ts';
import type { LastExecution, LastExecutionFile } from './last-execution.ts';
import type { RunSetFile } from './run-set-file.ts';
import type { WaitingRunsFile, WaitingState } from './waiting-runs.ts';

/** What the archiver remembers of a stage's open work. What is unknown, or can't be read, is undefined. */
export interface StageRecords {
  readonly waiting: WaitingState | undefined;
  /** The failure log, ascending. */
  readonly failed: readonly RunNumber[] | undefined;
  readonly reasons: KnownReasons;
}

/** What the archiver remembers of its open work and of its last execution. */
export interface BacklogRecords {
  readonly stages: Readonly<Record<StageName, StageRecords>>;
  /** Runs whose blob differed, or could not be compared, when they were compared last. */
  readonly unequal: RunSet | undefined;
  readonly lastExecution: LastExecution | undefined;
  /** Runs that somebody gave up, perhaps since the last execution; none if absent. */
  readonly givenUp?: RunSet | undefined;
}

/** A run that waits because of a fault. */
export interface OldestWaiting {
  readonly run: RunNumber;
  /** Its first failure, ISO 8601, UTC. */
  readonly since: string;
  readonly place: string;
  /** Its last error. */
  readonly cause: string;
}

/** A run of a failure log. */
export interface OldestFailed {
  readonly run: RunNumber;
  /** When and why it failed last, if that is noted. */
  readonly reason: FailureReason | undefined;
}

/** What a stage still has to do, and what it did last. A number that can't be told is undefined, times are ISO 8601, UTC. */
export interface StageBacklog {
  /** Runs that wait, for whatever reason. */
  readonly waiting: number | undefined;
  /** The one that waits longest because of a fault; of the other reasons nobody notes since when. */
  readonly oldestWaiting: OldestWaiting | undefined;
  /** Runs to do that the last execution which looked at all runs did not begin, because of a limit, an outage or a stop. */
  readonly left: number | undefined;
  /** Runs in the failure log. */
  readonly failed: number | undefined;
  /** The one that failed first, as far as that is noted. */
  readonly oldestFailed: OldestFailed | undefined;
  /** When the stage last archived something, and the highest run then. */
  readonly lastArchived: { readonly time: string; readonly run: RunNumber } | undefined;
  /** When it last ended without an error, a failed run or one that waits because of a fault. */
  readonly lastSuccess: string | undefined;
}

/** What the archiver still has to do, as far as its own files tell. They know nothing of runs that came since it last looked. */
export interface Backlog {
  readonly stages: Readonly<Record<StageName, StageBacklog>>;
  /** Runs whose blob at UconDB differed, or could not be compared, when they were compared last. */
  readonly unequal: number | undefined;
  /** When the last execution ended that archives runs and was not killed. */
  readonly lastEnd: string | undefined;
}

/** The backlog that follows from the archiver's records. */
export function backlogOf({ stages, unequal, lastExecution, givenUp }: BacklogRecords): Backlog {
  return {
    stages: {
      import: stageBacklog('import', stages.import, lastExecution, givenUp),
      migrate: stageBacklog('migrate', stages.migrate, lastExecution, givenUp),
    },
    unequal: unequal && sizeWithout(unequal, givenUp),
    lastEnd: lastExecution?.execution.ended ?? lastExecution?.previous?.ended ?? undefined,
  };
}

function stageBacklog(
  stage: StageName,
  { waiting, failed, reasons }: StageRecords,
  last: LastExecution | undefined,
  givenUp: RunSet | undefined,
): StageBacklog {
  const left = last?.last_left[stage];
  return {
    waiting: waiting && waiting.byFault.size + sizeOfAll(waiting.postponed.values()),
    oldestWaiting: waiting && oldestWaiting(waiting),
    left: left ? sizeWithout(RunSet.ofRanges(left.ranges), givenUp) : undefined,
    failed: failed?.length,
    oldestFailed: failed && oldestFailed(failed, reasons),
    lastArchived: last?.last_archived[stage] ?? undefined,
    lastSuccess: last?.last_success[stage] ?? undefined,
  };
}

function sizeWithout(runs: RunSet, givenUp: RunSet | undefined): number {
  return runs.size - (givenUp === undefined ? 0 : runs.intersection(givenUp).size);
}

function sizeOfAll(sets: Iterable<RunSet>): number {
  return [...sets].reduce((sum, { size }) => sum + size, 0);
}

function oldestWaiting({ byFault }: WaitingState): OldestWaiting | undefined {
  const entries = [...byFault].map(([run, { since, place, cause }]) => ({ run, since, place, cause }));
  return entries.sort((a, b) => Date.parse(a.since) - Date.parse(b.since) || byRunNumber(a.run, b.run))[0];
}

/** A run without a reason comes last: when it failed is not known. */
function oldestFailed(failed: readonly RunNumber[], { byRun }: KnownReasons): OldestFailed | undefined {
  const time = (run: RunNumber): number => Date.parse(byRun.get(run)?.time ?? '') || Infinity;
  const [first, ...others] = failed;
  if (first === undefined) return undefined;
  const run = others.reduce((oldest, other) => (time(other) < time(oldest) ? other : oldest), first);
  return { run, reason: byRun.get(run) };
}

/** The files that hold {@link BacklogRecords}. */
export interface BacklogFiles {
  readonly stage: (stage: StageName) => {
    readonly waiting: WaitingRunsFile;
    readonly failures: FailureLog;
  };
  readonly unequal: RunSetFile;
  readonly lastExecution: LastExecutionFile;
  readonly givenUp?: GivenUpRuns;
}

/** Reads the backlog. A file that can't be read or understood is left out: whoever needs it says so. */
export async function readBacklog({
  stage,
  unequal,
  lastExecution,
  givenUp,
}: BacklogFiles): Promise<Backlog> {
  const records = async (name: StageName): Promise<StageRecords> => {
    const { waiting, failures } = stage(name);
    return {
      waiting: await known(waiting.read()),
      failed: await known(failures.read()),
      reasons: await failures.reasons(),
    };
  };
  return backlogOf({
    stages: { import: await records('import'), migrate: await records('migrate') },
    unequal: await known(unequal.read().then((runs) => runs ?? RunSet.of([]))),
    lastExecution: await known(lastExecution.read()),
    givenUp: givenUp && (await known(givenUp.read()))?.runs,
  });
}

/** What a file of the work directory holds; undefined if it can't be read or understood. */
export async function known<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof PersistenceError) return undefined;
    throw error;
  }
}
