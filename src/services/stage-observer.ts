import type { StageName } from '../errors.ts';
import type { RunNumber } from '../run-number.ts';

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
  /** Why the stage could not determine its runs, or had to stop; undefined if it came to its end. */
  readonly error: string | undefined;
}

/** Who is told of each stage's end, once its state is on disk. What goes wrong there never changes the outcome. */
export interface StageObserver {
  stageEnded(outcome: StageOutcome): Promise<void>;
  /** The execution is over: what is still to be sent goes now. */
  close(): Promise<void>;
}
