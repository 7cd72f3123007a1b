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
  /** Runs that wait because of a fault: with `--runs` the requested ones, in a retry those that it compared. */
  readonly waiting: readonly WaitingAtPlace[];
  /** All runs of the stage that wait because of a fault. */
  readonly allWaiting: readonly WaitingAtPlace[];
  /** Why the stage could not list its runs, or broke off; undefined if it did neither. */
  readonly error: string | undefined;
  /** The place where that happened (`UconDB read`), if it was one of the places. */
  readonly brokenPlace: string | undefined;
}

/** How an execution ended. `stopped`: on request, and nothing had failed until then. */
export type ExecutionEnd = 'success' | 'failure' | 'stopped';

/**
 * Is told how each stage ended, once its state is on disk. Its own failures never change the outcome. It hears nothing of dry
 * runs, nor of an execution that is refused because another one is under way.
 */
export interface StageObserver {
  /** An execution that archives runs begins; it waits until all observers have returned. */
  begin?(mode: string): void | Promise<void>;
  /** @param seconds that the stage took */
  stageEnded(outcome: StageOutcome, seconds: number): Promise<void>;
  /**
   * An execution under the lock has finished its work, or failed to.
   * @param error what ended it or kept it from the lock (other than another archiver at work); undefined if nothing did
   */
  executionEnded?(error: string | undefined): Promise<void>;
  /** The execution is over, whatever it did: send what is still to be sent. */
  close(end: ExecutionEnd): Promise<void>;
}
