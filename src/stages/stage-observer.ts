import type { RunRequest } from '../cli/request.ts';
import type { StageName } from '../errors.ts';
import type { RunNumber } from '../runs/run-number.ts';
import type { WaitingAtPlace } from '../state/waiting-runs.ts';

/** A run that a stage could not archive. */
export interface FailedRun {
  readonly run: RunNumber;
  /** Why, in one message. */
  readonly error: string;
}

/** How a stage of this execution ended. */
export interface StageOutcome {
  readonly stage: StageName;
  readonly successful: readonly RunNumber[];
  readonly failed: readonly FailedRun[];
  /** Runs that wait by a fault; with `--runs` those asked for, in a retry those that it compared. */
  readonly waiting: readonly WaitingAtPlace[];
  /** All of the stage that wait by a fault. */
  readonly allWaiting: readonly WaitingAtPlace[];
  /** Why the stage could not determine its runs, or had to stop; undefined if it came to its end. */
  readonly error: string | undefined;
  /** Where that was, as `UconDB read`, if it was at one of the places. */
  readonly brokenPlace: string | undefined;
}

/** How an execution ended; `stopped`: by request, with nothing failed until then. */
export type ExecutionEnd = 'success' | 'failure' | 'stopped';

/**
 * Who is told of each stage's end, once its state is on disk. What goes wrong there never changes the outcome. Nobody is
 * told anything of dry runs, nor of an execution that is refused because another one is under way.
 */
export interface StageObserver {
  /** An execution that archives runs begins. Must not keep it waiting. */
  begin?(mode: RunRequest['mode']): void;
  /** @param seconds that the stage took */
  stageEnded(outcome: StageOutcome, seconds: number): Promise<void>;
  /**
   * An execution under the lock has done its work, or could not.
   * @param error what ended it, or kept it from the lock (but for another archiver that is at work); undefined if nothing did
   */
  executionEnded?(error: string | undefined): Promise<void>;
  /** The execution is over: what is still to be sent goes now. Told of every execution, whatever it did. */
  close(end: ExecutionEnd): Promise<void>;
}
