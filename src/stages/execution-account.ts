import { hostname } from 'node:os';
import { ArchiverError, LockExistsError, messageOf } from '../errors.ts';
import { exitCodes } from '../exit.ts';
import { programVersion } from '../installation.ts';
import type { ShownProgress } from '../log/terminal.ts';
import { RunSet } from '../runs/run-set.ts';
import {
  countRuns,
  type Ending,
  type ExecutionResult,
  type StageAccount,
} from '../state/execution-result.ts';
import { shortReason } from '../state/failure-reasons.ts';
import type { StageFindings } from './base-stage.ts';
import type { StageOutcome } from './stage-observer.ts';

/** What is known of an execution when it begins. */
export interface AccountOptions {
  readonly mode: string;
  readonly dryRun: boolean;
  readonly now: () => Date;
  /** Removes passwords and the like from texts. */
  readonly redact: (text: string) => string;
}

type Stated = Pick<ExecutionResult, 'ended' | 'seconds' | 'exit_code' | 'end' | 'error'>;

/** Collects what an execution does, where each part of it becomes known. */
export class ExecutionAccount {
  readonly #options: AccountOptions;
  readonly #program = programVersion();
  readonly #started: Date;
  readonly #began = performance.now();
  readonly #stages: StageAccount[] = [];
  #stage: string | undefined;
  #progress: ExecutionResult['progress'];
  #end: Stated = { ended: null, seconds: null, exit_code: null, end: null, error: null };

  constructor(options: AccountOptions) {
    this.#options = options;
    this.#started = options.now();
  }

  /** What is under way, or was last, in the log's words. */
  get stage(): string | undefined {
    return this.#stage;
  }

  /** All that is known so far. */
  get result(): ExecutionResult {
    const { mode, dryRun } = this.#options;
    return {
      version: 1,
      program: this.#program,
      host: hostname(),
      pid: process.pid,
      mode,
      dry_run: dryRun,
      started: this.#started.toISOString(),
      ...this.#end,
      stage: this.#stage ?? null,
      ...(this.#progress === undefined || this.#end.ended !== null ? {} : { progress: this.#progress }),
      stages: [...this.#stages],
    };
  }

  /** The runs that a stage archived, or that are in its failure log now. */
  get settled(): RunSet {
    const failed = this.#stages.flatMap((stage) => stage.failed.map(({ run }) => run));
    const archived = RunSet.ofRanges(this.#stages.flatMap((stage) => stage.archived.ranges));
    return archived.union(RunSet.of(failed));
  }

  /** Notes what is under way. */
  enter(stage: string): void {
    this.#stage = stage;
    this.#progress = undefined;
  }

  /** Notes how far a batch has come. */
  progressed({ total, done, failed }: ShownProgress): void {
    this.#progress = { total, done, failed };
  }

  /**
   * Notes what a stage did.
   * @param findings undefined if it could not find out its runs
   * @param seconds that it took
   */
  stageEnded(outcome: StageOutcome, findings: StageFindings | undefined, seconds: number): void {
    const { now, redact } = this.#options;
    const { stage, successful, failed, waiting, error, brokenPlace } = outcome;
    const postponed = (reason: 'stop-time' | 'copying' | 'most-recent') =>
      countRuns(findings?.postponed.get(reason)?.numbers() ?? []);
    this.#stages.push({
      stage,
      ended: now().toISOString(),
      seconds: rounded(seconds),
      all_runs: findings?.isAll === true,
      found: countRuns(findings?.found ?? []),
      archived: countRuns(successful),
      failed: failed.map(({ run, error: reason }) => ({ run, reason: shortReason(reason, redact) })),
      waiting: {
        fault: waiting.map(({ place, cause, since, runs }) => ({
          place,
          cause: shortReason(cause, redact),
          since,
          runs: countRuns(runs),
        })),
        stop_time: postponed('stop-time'),
        copying: postponed('copying'),
        most_recent: postponed('most-recent'),
      },
      left: countRuns(leftOf(outcome, findings)),
      skipped: countRuns(findings?.skipped ?? []),
      error: error === undefined ? null : shortReason(error, redact),
      place: brokenPlace ?? null,
    });
  }

  /**
   * Notes that the execution ends. If that is said again, the first time counts, and the last exit code.
   * @param exitCode one of {@link exitCodes}
   * @param error what ended it early
   */
  end(exitCode: number, error?: unknown): void {
    this.#end = {
      ended: this.#end.ended ?? this.#options.now().toISOString(),
      seconds: this.#end.seconds ?? rounded((performance.now() - this.#began) / 1000),
      exit_code: exitCode,
      end: endingOf(exitCode, error),
      error: error === undefined ? null : this.#described(error),
    };
  }

  #described(error: unknown): ExecutionResult['error'] {
    const isKnown = error instanceof ArchiverError;
    return {
      message: shortReason(messageOf(error), this.#options.redact),
      kind: error instanceof Error ? error.name : typeof error,
      fault: isKnown ? error.fault : null,
      place: (isKnown ? error.place : undefined) ?? null,
    };
  }
}

function endingOf(exitCode: number, error: unknown): Ending {
  if (exitCode === exitCodes.success) return 'success';
  if (exitCode === exitCodes.stopped) return 'stopped';
  if (error instanceof LockExistsError) return 'refused';
  return exitCode === exitCodes.failure ? 'failure' : 'crashed';
}

/** What was to be done and has not ended. Runs that wait because of a fault have. */
function leftOf({ successful, failed, allWaiting }: StageOutcome, findings: StageFindings | undefined) {
  const ended = new Set([
    ...successful,
    ...failed.map(({ run }) => run),
    ...allWaiting.flatMap(({ runs }) => runs),
  ]);
  return findings?.toDo.filter((run) => !ended.has(run)) ?? [];
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
