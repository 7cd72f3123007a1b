import type { RunRequest } from './cli/cli.ts';
import { ConfigurationError, LockExistsError, messageOf, NotYetError } from './errors.ts';
import { exitCodeOf, exitCodes } from './exit.ts';
import { makeDirectory } from './files/directories.ts';
import { acquireProcessLock } from './lock/process-lock.ts';
import type { Logger } from './log/logger.ts';
import type { Screen } from './log/screen.ts';
import type { ProgressView } from './log/terminal.ts';
import { modeOf, needsLock } from './modes/all.ts';
import type { Execution } from './modes/mode.ts';
import type { Site } from './site.ts';
import type { ExecutionAccount } from './stages/execution-account.ts';
import type { ExecutionEnd, StageObserver } from './stages/stage-observer.ts';
import type { LastExecutionFile } from './state/last-execution.ts';

/** Milliseconds between two notes of how far a batch has come. */
const PROGRESS_NOTES_MS = 10_000;

/** What an orchestrator works with. */
export interface OrchestratorOptions {
  readonly site: Site;
  /** What loading the configuration warned of. */
  readonly warnings: readonly string[];
  /** Writes a report for programs. */
  readonly print: (text: string) => void;
  /** Where somebody watches, if anybody does. */
  readonly progress: ProgressView | undefined;
  /** Where a person reads the report, if one does. */
  readonly screen: Screen | undefined;
  /** Is told what the execution does. */
  readonly account: ExecutionAccount;
}

/** Does what a request asks for, under the process lock where the archive or its state may change. */
export class Orchestrator {
  readonly #site: Site;
  readonly #logger: Logger;
  readonly #options: OrchestratorOptions;
  readonly #shutdown = new AbortController();
  readonly #lastExecution: LastExecutionFile;
  #isLocked = false;
  #isNoted = false;

  constructor(options: OrchestratorOptions) {
    this.#options = options;
    this.#site = options.site;
    this.#lastExecution = options.site.lastExecution;
    this.#logger = options.site.logger('run_record_archiver.orchestrator');
  }

  /** Why a shutdown was requested, or undefined. */
  get shutdownReason(): string | undefined {
    return this.#shutdown.signal.aborted ? String(this.#shutdown.signal.reason) : undefined;
  }

  /** The exit code of work that no error ended. */
  exitCode(allWell: boolean): number {
    if (this.#shutdown.signal.aborted) return exitCodes.stopped;
    return allWell ? exitCodes.success : exitCodes.failure;
  }

  /** Starts no further run; those in progress finish. */
  requestShutdown(reason: string): void {
    if (this.#shutdown.signal.aborted) return;
    this.#logger.info(`Shutdown requested (${reason}) - will stop after current run completes`);
    this.#shutdown.abort(reason);
  }

  /**
   * Does what the request asks for.
   * @returns true if every run succeeded and every place answered
   * @throws LockExistsError if another archiver is running, ArchiverError for what concerns no single run
   */
  async run(request: RunRequest): Promise<boolean> {
    const isExclusive = needsLock(request);
    const limit = isExclusive ? this.#limitTime() : undefined;
    let release: (() => Promise<void>) | undefined;
    let end: ExecutionEnd = 'failure';
    try {
      if (isExclusive) release = await this.#lock();
      this.#isNoted = isExclusive && modeOf(request).isRoutine === true;
      const allWell = await this.#dispatch(request).catch((error: unknown) => this.#leftOff(error));
      if (allWell) end = this.shutdownReason === undefined ? 'success' : 'stopped';
      if (isExclusive) {
        this.#options.account.end(this.exitCode(allWell));
        await this.#tellEnd(undefined);
      }
      return allWell;
    } catch (error) {
      if (isExclusive && !(error instanceof LockExistsError)) await this.#fail(error);
      throw error;
    } finally {
      clearTimeout(limit);
      await this.#tell((observer) => observer.close(end));
      await this.#site.close().finally(release);
    }
  }

  /** Asks for a stop if the execution takes longer than it may, so that it does not hold the lock for ever. */
  #limitTime(): NodeJS.Timeout | undefined {
    const minutes = this.#site.config.app.executionLimitMinutes;
    if (minutes === 0) return undefined;
    const stop = (): void => {
      if (this.shutdownReason !== undefined) return;
      const reason = `after ${minutes} minutes (app.execution_limit_minutes)`;
      this.#logger.warning(`EXECUTION LIMIT REACHED - INITIATING GRACEFUL SHUTDOWN: ${reason}`);
      this.requestShutdown(`Execution limit reached ${reason}`);
    };
    return setTimeout(stop, minutes * 60_000).unref();
  }

  /** Work that a stop interrupted has not failed. */
  #leftOff(error: unknown): false {
    if (this.shutdownReason === undefined || !(error instanceof NotYetError)) throw error;
    this.#logger.info(error.message);
    return false;
  }

  /** Begins nothing further, and tells the observers that an error that no catch gets ends an execution under the lock. */
  async fail(error: unknown): Promise<void> {
    this.#shutdown.abort('unexpected error');
    if (!this.#isLocked) return;
    await this.#fail(error);
    await this.#tell((observer) => observer.close('failure'));
  }

  async #fail(error: unknown): Promise<void> {
    this.#options.account.end(exitCodeOf(error), error);
    await this.#tellEnd(messageOf(error));
  }

  /** The notes come first, as observers look at them. */
  async #tellEnd(error: string | undefined): Promise<void> {
    await this.#note();
    if (this.#isLocked) await this.#site.repeatedWarnings.write(this.#options.account.settled);
    await this.#tell(async (observer) => observer.executionEnded?.(error));
  }

  /** Only the holder of the lock notes what it does: others would hide that. */
  async #note(): Promise<void> {
    if (this.#isNoted) await this.#lastExecution.note(this.#options.account.result);
  }

  /** What a terminal is shown is noted as well, but seldom, as each note is a write. */
  #notedProgress(): ProgressView {
    const { progress, account } = this.#options;
    let noted = performance.now();
    return {
      show: (shown) => {
        progress?.show(shown);
        account.progressed(shown);
        if (performance.now() - noted < PROGRESS_NOTES_MS) return;
        noted = performance.now();
        void this.#note();
      },
      end: () => progress?.end(),
    };
  }

  /** An observer can't change the outcome. */
  async #tell(tell: (observer: StageObserver) => Promise<void>): Promise<void> {
    await Promise.all(
      this.#site.observers.map(async (observer) => {
        try {
          await tell(observer);
        } catch (error) {
          this.#logger.child({ error }).warning(`A notification could not be sent: ${messageOf(error)}`);
        }
      }),
    );
  }

  async #lock(): Promise<() => Promise<void>> {
    const { workDir } = this.#site.config.app;
    try {
      makeDirectory(workDir);
    } catch (cause) {
      throw new ConfigurationError(`app.work_dir ${workDir} can't be made: ${messageOf(cause)}`, { cause });
    }
    const lock = await acquireProcessLock(this.#site.config.app.lockFile, {
      logger: this.#logger,
      protectedFiles: (['import', 'migrate'] as const).flatMap((stage) =>
        Object.values(this.#site.files(stage)).map(({ path }) => path),
      ),
      onLost: (reason) => {
        this.#logger.warning(`LOCK FILE REMOVED - INITIATING GRACEFUL SHUTDOWN: ${reason}`);
        this.requestShutdown(`Lock file removed: ${reason}`);
      },
    });
    this.#isLocked = true;
    return () => lock.release();
  }

  async #dispatch(request: RunRequest): Promise<boolean> {
    const { account } = this.#options;
    const execution: Execution = {
      site: this.#site,
      logger: this.#logger,
      warnings: this.#options.warnings,
      print: this.#options.print,
      progress: this.#notedProgress(),
      screen: this.#options.screen,
      shutdown: this.#shutdown.signal,
      stagesBegin: (mode) => this.#tell(async (observer) => observer.begin?.(mode)),
      stageEnded: (outcome, seconds) => this.#tell((observer) => observer.stageEnded(outcome, seconds)),
      account: (...stage) => account.stageEnded(...stage),
      enter: (stage) => {
        account.enter(stage);
        // Work doesn't wait for it; the last note comes after it.
        void this.#note();
      },
    };
    return await modeOf(request).run(request, execution);
  }
}
