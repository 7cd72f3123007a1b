import type { StageName } from '../errors.ts';
import type { RunNumber } from '../runs/run-number.ts';
import type { RunSet } from '../runs/run-set.ts';

interface CommonRequest {
  readonly configPath: string;
  /** DEBUG logging, whatever the configuration says. */
  readonly verbose: boolean;
  /** Nothing on stdout, and on stderr only errors that no log file takes. */
  readonly quiet: boolean;
  /** Say what would be done, and touch nothing. */
  readonly dryRun: boolean;
}

/** Which of the runs that a mode finds it works on. */
export interface Selection {
  /** Only these runs; all if absent. */
  readonly runs: RunSet | undefined;
  /** At most so many, in place of the configured batch size. */
  readonly limit: number | undefined;
}

interface StagesRequest extends Selection {
  readonly mode: 'pipeline' | 'import-only' | 'migrate-only';
  /** Only runs above the saved position, and at most `batch_size` of them. */
  readonly incremental: boolean;
  /** Check each blob after its migration. */
  readonly validate: boolean;
}

interface RetryRequest extends Selection {
  readonly mode: 'retry-failed';
  readonly stage: StageName;
  readonly validate: boolean;
}

interface RecoverRequest {
  readonly mode: 'recover-state';
  readonly stage: StageName;
}

interface ReportRequest {
  readonly mode: 'report-status';
  /** Only these runs; all if absent. */
  readonly runs: RunSet | undefined;
  /** Compare with the state files and failure logs. */
  readonly compareState: boolean;
  /** The report as JSON on stdout. */
  readonly json: boolean;
  /** The report as a page in this file. */
  readonly html: string | undefined;
  /** Flags that ask for work, which a report does not do. */
  readonly ignored: readonly string[];
}

interface CheckRequest {
  readonly mode: 'check-config';
  readonly json: boolean;
}

interface VerifyRequest extends Selection {
  readonly mode: 'verify';
  readonly json: boolean;
  /** Minutes after which no further run is begun. */
  readonly timeLimit: number | undefined;
}

interface RestoreRequest {
  readonly mode: 'restore';
  readonly run: RunNumber;
  /** Directory for the files. */
  readonly to: string;
  /** Replace files that are there. */
  readonly force: boolean;
  /** Write the blob as it is, instead of its files. */
  readonly raw: boolean;
}

/** What one execution is to do. */
export type RunRequest = CommonRequest &
  (
    | StagesRequest
    | RetryRequest
    | RecoverRequest
    | ReportRequest
    | CheckRequest
    | VerifyRequest
    | RestoreRequest
  );
