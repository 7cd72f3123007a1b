import type { Place } from '../errors.ts';
import type { Logger } from '../log/logger.ts';
import type { ProgressView } from '../log/terminal.ts';
import type { RunNumber } from '../runs/run-number.ts';
import type { RunSet } from '../runs/run-set.ts';
import type { SeenRuns } from '../state/seen-runs.ts';
import type { WaitingAtPlace } from '../state/waiting-runs.ts';
import type { RecordedFiles } from './progress-recorder.ts';
import type { Visit } from './run-end.ts';
import type { FailedRun } from './stage-observer.ts';

/** The parameters of section `app` that stages need. */
export interface StageSettings {
  /** Runs per incremental execution; ten times as many otherwise. */
  readonly batchSize: number;
  readonly parallelWorkers: number;
  readonly runProcessRetries: number;
  readonly retryDelaySeconds: number;
  /** The highest candidate waits for a higher one, but for retries. */
  readonly excludeMostRecentRun: boolean;
}

/** What a stage keeps between executions. */
export interface StageFiles extends RecordedFiles {
  readonly seen: SeenRuns;
}

/** What every stage works with. */
export interface StageContext {
  readonly settings: StageSettings;
  readonly files: StageFiles;
  readonly logger: Logger;
  /** Where somebody watches, if anybody does. */
  readonly progress?: ProgressView | undefined;
  /** Aborted = start no further run. */
  readonly shutdown: AbortSignal;
  readonly now: () => Date;
}

/** Which runs a stage is to process. */
export interface StageRequest {
  /** `failed`: the runs of the failure log. */
  readonly mode: 'full' | 'incremental' | 'failed';
  /** Only these runs; all if absent. */
  readonly runs?: RunSet | undefined;
  /** At most so many, in place of the configured batch size. */
  readonly limit?: number | undefined;
}

/** How the runs of a batch ended. */
export interface StageResult {
  readonly successful: readonly RunNumber[];
  readonly failed: readonly FailedRun[];
  /** Runs of the batch that were not tried, or are left for later. */
  readonly notProcessed: number;
  /** Those asked for that wait by a fault which may be the site's, by place: the next execution tries them again. */
  readonly waiting: readonly WaitingAtPlace[];
  /** All of the stage that wait so. */
  readonly allWaiting: readonly WaitingAtPlace[];
  /** Why the stage was ended before its batch: a fault of the site, not of its runs; undefined if it was not. */
  readonly error: string | undefined;
  /** Where that was, if it was at one of the places. */
  readonly brokenPlace: Place | undefined;
  /** Is that the site's fault for certain? Then there is no use in trying anything else there. */
  readonly isBrokenBySite: boolean;
}

/** What is to be done about runs that are archived already. */
export interface FollowUps {
  readonly runs: readonly RunNumber[];
  /** What each of them is to have, for the log. */
  readonly what: string;
  readonly work: (run: RunNumber, logger: Logger, visit: Visit) => Promise<void>;
}
