import type { CliMode, CommonRequest, RunRequest } from '../cli/cli.ts';
import type { GivenFlags } from '../cli/given-flags.ts';
import type { Logger } from '../log/logger.ts';
import type { Screen } from '../log/screen.ts';
import type { ProgressView } from '../log/terminal.ts';
import type { Site } from '../site.ts';
import type { StageFindings } from '../stages/base-stage.ts';
import type { StageOutcome } from '../stages/stage-observer.ts';

/**
 * Something that the program can do. To add one, write a file that exports it, and name it in `all.ts`. The help text loads these
 * files too, so a mode imports heavy modules only in its `run`.
 */
export interface Mode<Request extends RunRequest = RunRequest> extends CliMode {
  /** What `mode` can be in its requests. */
  readonly names: readonly Request['mode'][];
  /**
   * May it change the archive, or what the archiver remembers of it? Only one such execution runs at a time. A list: only its
   * requests of these names may.
   */
  readonly needsLock: boolean | readonly Request['mode'][];
  /**
   * Is it what cron starts? Then `last_execution.json` tells of it. What a person does in between must hide neither that cron is
   * dead, nor what the last execution left.
   */
  readonly isRoutine?: boolean;
  /** Does it not even write to the log file? */
  readonly touchesNothing?: boolean;
  /** Is standard output for what it prints alone, also without --json? The log then goes to standard error. */
  readonly ownsStandardOutput?: boolean;
  /** Does it show plain text in place of log lines where a person reads? */
  readonly hasScreen?: boolean;
  readRequest(given: GivenFlags, common: CommonRequest): Request;
  /**
   * Does what a request asks for.
   * @returns true if every run succeeded and every place answered
   * @throws ArchiverError for what concerns no single run
   */
  run(request: Request, execution: Execution): Promise<boolean>;
  /** What the mode says if the configuration can't be used: a log line, and its report for programs. */
  unusable?(request: Request, message: string, now: Date): { readonly line: string; readonly json: string };
}

/** What every mode works with. */
export interface Execution {
  readonly site: Site;
  /** Of the orchestrator. */
  readonly logger: Logger;
  /** What loading the configuration warned of. */
  readonly warnings: readonly string[];
  /** Writes a report for programs to standard output. */
  readonly print: (text: string) => void;
  /** The terminal, if somebody may watch it. */
  readonly progress: ProgressView | undefined;
  /** Where a person reads the report, if one does and the mode has something to show there. */
  readonly screen: Screen | undefined;
  /** Once it is aborted, nothing further begins. */
  readonly shutdown: AbortSignal;
  /** Tells the observers that stages are about to run; never fails. */
  stagesBegin(mode: string): Promise<void>;
  /** Tells the observers how a stage ended, and after how many seconds; never fails. */
  stageEnded(outcome: StageOutcome, seconds: number): Promise<void>;
  /** Notes what a stage did, and how many seconds it took; also in dry runs. */
  account(outcome: StageOutcome, findings: StageFindings | undefined, seconds: number): void;
  /** Notes what is under way, for the error summary and for whoever asks. */
  enter(stage: string): void;
}
