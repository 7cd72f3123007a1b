import { dirname, resolve } from 'node:path';
import { ConfigurationError, messageOf, PersistenceError, type StageName } from '../errors.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { checkWritable, placeOf, type Usability } from '../files/directory-access.ts';
import { readRegularFile } from '../files/regular-file.ts';
import type { Logger } from '../log/logger.ts';
import type { StageObserver, StageOutcome } from '../stages/stage-observer.ts';
import { type Backlog, known } from '../state/backlog.ts';
import type { FailureLog } from '../state/failure-log.ts';
import { positionOf } from '../state/position.ts';
import type { StateFile } from '../state/state.ts';
import type { WaitingRunsFile } from '../state/waiting-runs.ts';
import { undefinedIfMissing } from '../system-error.ts';
import { backlogGauges, onlyBacklog } from './backlog-metrics.ts';
import { formatGauges, type Gauges, parseGauges, type StageGauges } from './stage-gauges.ts';

/** What a {@link MetricsTextfile} works with. */
export interface MetricsTextfileOptions {
  readonly path: string;
  /** Distinguishes this archiver's series from those of others on the host. */
  readonly label?: string | undefined;
  /** The files that a stage keeps between executions. */
  readonly files: (stage: StageName) => {
    readonly state: StateFile;
    readonly failures: FailureLog;
    readonly waiting: WaitingRunsFile;
  };
  /** The free space of file systems, if anybody looks at it. */
  readonly freeSpace?: () => Promise<Gauges>;
  /** What is still to be done. */
  readonly backlog: () => Promise<Backlog>;
  readonly logger: Logger;
  readonly now: () => Date;
}

/**
 * Writes a file for the textfile collector of Prometheus' node exporter at the end of each stage, and once more with the backlog
 * at the end of the execution. What the file says about the other stage, and about a stage's last success, is read from it and
 * kept.
 */
export class MetricsTextfile implements StageObserver {
  readonly #options: MetricsTextfileOptions;
  #hasComplained = false;

  constructor(options: MetricsTextfileOptions) {
    this.#options = options;
  }

  async stageEnded(outcome: StageOutcome, seconds: number): Promise<void> {
    await this.#update(async (before) => {
      const { stage } = outcome;
      const earlier = before[stage]?.last_success_timestamp_seconds;
      const gauges = {
        ...onlyBacklog(before[stage] ?? {}),
        ...this.#ofOutcome(outcome, seconds, earlier),
        ...(await this.#remembered(stage)),
        ...(await this.#options.freeSpace?.()),
      };
      return { ...before, [stage]: gauges };
    });
  }

  /** The backlog of a stage that has never ended, and may not be used here, is nobody's concern. */
  async executionEnded(): Promise<void> {
    await this.#update(async (before) => {
      const backlog = await this.#options.backlog();
      const joined = (stage: StageName): Gauges => {
        const gauges = before[stage];
        const hasEnded = gauges?.last_execution_timestamp_seconds !== undefined;
        return hasEnded ? { ...gauges, ...backlogGauges(backlog, stage) } : {};
      };
      return { import: joined('import'), migrate: joined('migrate') };
    });
  }

  async #update(change: (before: StageGauges) => Promise<StageGauges>): Promise<void> {
    try {
      await this.#write(await change((await this.#read()) ?? {}));
    } catch (error) {
      if (!this.#hasComplained) {
        const { path, logger } = this.#options;
        logger
          .child({ error })
          .warning(
            `The metrics file ${path} (metrics.textfile) could not be written. Reason: ${messageOf(error)}. ` +
              'The archive is not affected.',
          );
      }
      this.#hasComplained = true;
    }
  }

  /**
   * Finds out whether the file can be written and is ours. Leaves it as it is.
   * @throws PersistenceError or ConfigurationError saying what to do
   */
  async check(): Promise<Usability> {
    const { path } = this.#options;
    const directory = dirname(resolve(path));
    const place = await placeOf(directory, 'metrics.textfile');
    if (!place.exists) {
      throw new ConfigurationError(
        `metrics.textfile: the directory ${directory} is missing; make it, or name the directory of the node exporter's textfile collector`,
      );
    }
    const usability = await checkWritable(directory, 'metrics.textfile');
    try {
      await this.#read();
    } catch (error) {
      throw new PersistenceError(`metrics.textfile ${path} can't be used: ${messageOf(error)}`, {
        cause: error,
      });
    }
    const warnings = path.endsWith('.prom') ? [] : ['the collector reads only files that end in .prom'];
    return { text: usability.text, warnings: [...warnings, ...(usability.warnings ?? [])] };
  }

  async close(): Promise<void> {
    // Everything was written when the stages ended.
  }

  #ofOutcome({ successful, failed, waiting, error }: StageOutcome, seconds: number, lastSuccess = 0): Gauges {
    const now = this.#options.now().getTime() / 1000;
    const isSuccess = error === undefined && failed.length + waiting.length === 0;
    return {
      last_execution_timestamp_seconds: now,
      last_execution_success: isSuccess ? 1 : 0,
      last_execution_duration_seconds: Math.round(seconds * 1000) / 1000,
      // 0 before the first success, as an alert can't compare a series that does not exist.
      last_success_timestamp_seconds: isSuccess ? now : lastSuccess,
      runs_processed: successful.length + failed.length,
      runs_successful: successful.length,
      runs_failed: failed.length,
    };
  }

  /** A file that can't be read is left out: it made the stage fail already, or will at the next execution. */
  async #remembered(stage: StageName): Promise<Gauges> {
    const { state, failures, waiting } = this.#options.files(stage);
    const position = await known(state.read());
    const failed = await known(failures.read());
    const waits = await known(waiting.read());
    return {
      ...(failed === undefined ? {} : { failure_log_runs: failed.length }),
      ...(position === undefined ? {} : { position_run: positionOf(position) }),
      ...(waits === undefined
        ? {}
        : {
            waiting_runs_fault: waits.byFault.size,
            waiting_runs_stop_time: waits.postponed.get('stop-time')?.size ?? 0,
            waiting_runs_copying: waits.postponed.get('copying')?.size ?? 0,
          }),
    };
  }

  /** @returns undefined if there is no file */
  async #read(): Promise<StageGauges | undefined> {
    const content = await readRegularFile(this.#options.path).catch(undefinedIfMissing);
    if (content === undefined) return undefined;
    const gauges = parseGauges(String(content));
    if (gauges !== undefined) return gauges;
    throw new PersistenceError(
      'there is a file with something other than metrics of this program, which is left alone; remove it or name another',
    );
  }

  /** The collector runs under another account: whatever the umask, everybody may read a new file. An old one keeps its mode. */
  async #write(gauges: StageGauges): Promise<void> {
    const { path, label } = this.#options;
    await writeFileAtomic(path, formatGauges(gauges, label), { mode: 0o644 });
  }
}
