import type { Place } from '../errors.ts';
import type { Logger } from '../log/logger.ts';
import type { ProgressView } from '../log/terminal.ts';
import type { RunNumber } from '../runs/run-number.ts';
import type { RunSet } from '../runs/run-set.ts';
import type { GivenUpRuns } from '../state/given-up-runs.ts';
import type { SeenRuns } from '../state/seen-runs.ts';
import type { WaitingAtPlace } from '../state/waiting-runs.ts';
import type { RecordedFiles } from './progress-recorder.ts';
import type { FailedRun } from './stage-observer.ts';

/** The parameters of section `app` that stages need. */
export interface StageSettings {
  /** Runs per incremental execution; ten times as many otherwise. */
  readonly batchSize: number;
  readonly parallelWorkers: number;
  readonly runProcessRetries: number;
  readonly retryDelaySeconds: number;
  /** The highest candidate waits until there is a higher one, except in retries. */
  readonly excludeMostRecentRun: boolean;
}

/** The files that a stage keeps between executions. */
export interface StageFiles extends RecordedFiles {
  readonly seen: SeenRuns;
}

/** What every stage is given. */
export interface StageContext {
  readonly settings: StageSettings;
  readonly files: StageFiles;
  /** The runs that somebody gave up; none if absent. */
  readonly givenUp?: GivenUpRuns | undefined;
  readonly logger: Logger;
  /** The terminal of somebody who watches, if there is one. */
  readonly progress?: ProgressView | undefined;
  /** Once aborted, no further run starts. */
  readonly shutdown: AbortSignal;
  readonly now: () => Date;
}

/** Selects the runs of an execution. */
export interface StageRequest {
  /** `failed` selects the runs of the failure log. */
  readonly mode: 'full' | 'incremental' | 'failed';
  /** Only these runs; all if absent. */
  readonly runs?: RunSet | undefined;
  /** The most runs to process, in place of the configured batch size. */
  readonly limit?: number | undefined;
}

/** How the runs of a batch ended. */
export interface StageResult {
  readonly successful: readonly RunNumber[];
  readonly failed: readonly FailedRun[];
  /** How many runs of the batch were not tried, or were left for later. */
  readonly notProcessed: number;
  /** Requested runs that wait because of a fault that may be the site's, by place. The next execution tries them again. */
  readonly waiting: readonly WaitingAtPlace[];
  /** All runs of the stage that wait so, requested or not. */
  readonly allWaiting: readonly WaitingAtPlace[];
  /** Why the stage broke off early: a fault of the site, not of its runs. Undefined if it did not. */
  readonly error: string | undefined;
  /** The place where it broke off, if it was one of the places. */
  readonly brokenPlace: Place | undefined;
  /** Is it certainly the site's fault? Then nothing else is tried there. */
  readonly isBrokenBySite: boolean;
}
