import { z } from 'zod';
import type { RunNumber } from '../runs/run-number.ts';
import { RunSet } from '../runs/run-set.ts';

const count = z.int().nonnegative();
const time = z.iso.datetime();
const stageName = z.enum(['import', 'migrate']);
/** The form of {@link CountedRuns}. */
export const countedRuns = z.object({
  total: count,
  ranges: z.array(z.object({ first: count, last: count })).readonly(),
});
const stageResult = z.object({
  stage: stageName,
  ended: time,
  seconds: z.number(),
  all_runs: z.boolean(),
  found: countedRuns,
  archived: countedRuns,
  failed: z.array(z.object({ run: count, reason: z.string() })).readonly(),
  waiting: z.object({
    fault: z
      .array(z.object({ place: z.string(), cause: z.string(), since: z.string(), runs: countedRuns }))
      .readonly(),
    stop_time: countedRuns,
    copying: countedRuns,
    most_recent: countedRuns,
  }),
  left: countedRuns,
  skipped: countedRuns,
  error: z.string().nullable(),
  place: z.string().nullable(),
});
const executionError = z.object({
  message: z.string(),
  kind: z.string(),
  fault: z.enum(['run', 'site', 'unknown']).nullable(),
  place: z.string().nullable(),
});
const ending = z.enum(['success', 'failure', 'stopped', 'refused', 'crashed']);

/** The form of {@link ExecutionResult}; a file may have members that a later version added. */
export const executionResult = z.object({
  version: z.literal(1),
  program: z.string(),
  host: z.string(),
  pid: count,
  mode: z.string(),
  dry_run: z.boolean(),
  started: time,
  ended: time.nullable(),
  seconds: z.number().nullable(),
  exit_code: count.nullable(),
  end: ending.nullable(),
  error: executionError.nullable(),
  stage: z.string().nullable(),
  progress: z.object({ total: count, done: count, failed: count }).optional(),
  stages: z.array(stageResult).readonly(),
});

/** Some runs for programs: how many, and which ranges, both ends included, ascending. */
export type CountedRuns = z.output<typeof countedRuns>;

/**
 * What one stage of an execution did, or in a dry run would do. `seconds`: how long it took. `all_runs`: could it find out its
 * runs, and was it asked for all of them? `found`: the runs that it had to do, those that wait without a fault included.
 * `archived` also holds earlier uploads that were found equal. `waiting`: as in the status report; by a fault only the runs that
 * the execution was asked for. `left`: runs to do that this execution did not begin, because of a limit, an outage or a stop.
 * `skipped`: runs at the source and not at the target that an incremental execution passes over, without those of the failure
 * log. `error`: why the stage broke off, and `place` where.
 */
export type StageAccount = z.output<typeof stageResult>;

/**
 * How an execution ended. `failure`: exit code 1. `stopped`: on request. `refused`: another archiver held the lock. `crashed`: by
 * an error that is a bug.
 */
export type Ending = z.output<typeof ending>;

/**
 * What an execution did, in the form in which programs read it (documentation/FILE_FORMATS.md, "Result of an execution").
 * Members that are null are not known yet: `ended`, `seconds`, `exit_code` and `end` while the execution runs, and for ever if it
 * was killed. `program`: its version. `stage`: what it did last, in the log's words.
 * `progress`: how many runs of its batch have ended, while it runs, some seconds late. `error`: what ended it early. Times are
 * ISO 8601, UTC.
 */
export type ExecutionResult = z.output<typeof executionResult>;

/** Counts runs that come in any order. */
export function countRuns(runs: Iterable<RunNumber>): CountedRuns {
  const set = RunSet.of(runs);
  return { total: set.size, ranges: set.ranges };
}
