import pLimit from 'p-limit';
import { messageOf, type StageName } from '../errors.ts';
import { advance, positionOf } from '../persistence/position.ts';
import type { SeenRuns } from '../persistence/seen-runs.ts';
import type { RunNumber } from '../run-number.ts';
import type { Logger } from '../services/logger.ts';
import { attemptRun } from './attempts.ts';
import { incrementalRuns, type Listing, lowestRun, missingRuns } from './candidates.ts';
import { ProgressRecorder, type RecordedFiles } from './progress-recorder.ts';

/** The parameters of section `app` that stages need. */
export interface StageSettings {
  /** Runs per incremental execution; ten times as many otherwise. */
  readonly batchSize: number;
  readonly parallelWorkers: number;
  readonly runProcessRetries: number;
  readonly retryDelaySeconds: number;
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
  /** Aborted = start no further run. */
  readonly shutdown: AbortSignal;
}

/** What a stage is to do. */
export interface StageRequest {
  readonly incremental: boolean;
}

/** How the runs of a batch ended. */
export interface StageResult {
  readonly successful: readonly RunNumber[];
  readonly failed: readonly RunNumber[];
  /** Runs of the batch that a shutdown kept from starting. */
  readonly notProcessed: number;
}

const progressInterval = 10;
const nothingDone: StageResult = { successful: [], failed: [], notProcessed: 0 };

/**
 * What importer and migrator have in common: which runs are looked at, in what batches, how many at once, how often each is
 * tried, and what is kept of it in state and failure log. A subclass says where runs come from, where they go and what
 * one run's work is.
 */
export abstract class BaseStage {
  abstract readonly name: StageName;
  /** Begins the stage's log lines: `Import Stage`. */
  protected abstract readonly label: string;
  /** The verb of the log lines: `import`. */
  protected abstract readonly verb: string;
  protected readonly logger: Logger;
  readonly #context: StageContext;

  constructor(context: StageContext) {
    this.#context = context;
    this.logger = context.logger;
  }

  /** The runs at the source and at the target. */
  protected abstract list(): Promise<Listing>;

  /** Does the work of one run; returning means that it is archived. Throws otherwise. */
  protected abstract process(run: RunNumber, logger: Logger): Promise<void>;

  /**
   * Processes one batch.
   * @throws ArchiverError if the runs can't be determined, or state and failure log can't be read or written
   */
  async run(request: StageRequest): Promise<StageResult> {
    const { settings, files } = this.#context;
    this.logger.info(`${this.label}: Fetching runs (mode: ${request.incremental ? 'incremental' : 'full'}).`);
    const listing = await this.list();
    const { runs, late } = await this.#candidates(listing, request.incremental);
    await files.seen.remember(listing.source.filter((run) => !late.has(run)));
    if (runs.length === 0) {
      this.logger.info(`${this.label}: No new runs to ${this.verb}.`);
      return nothingDone;
    }
    const limit = request.incremental ? settings.batchSize : settings.batchSize * 10;
    const batch = runs.slice(0, limit);
    if (runs.length > limit) {
      const rule = request.incremental ? 'batch_size' : 'batch_size * 10';
      this.logger.info(
        `${this.label}: Limited to ${limit} runs (${rule}). ${runs.length - limit} runs remaining.`,
      );
    }
    const result = await this.#processBatch(batch, listing);
    await files.seen.remember([...result.successful, ...result.failed].filter((run) => late.has(run)));
    return result;
  }

  async #candidates(listing: Listing, incremental: boolean) {
    const { failures, seen } = this.#context.files;
    const missing = missingRuns(listing);
    const position = await this.#position(listing);
    const failed = new Set(await failures.read());
    const late = new Set(await seen.late(missing, position));
    for (const run of failed) late.delete(run);
    if (incremental) this.logger.info(`Incremental mode: filtering runs > ${position}`);
    const runs = incremental ? incrementalRuns(missing, { position, failed, late }) : missing;
    if (incremental && late.size > 0) {
      this.logger.info(`${this.label}: ${late.size} of them appeared late, below the position`);
    }
    this.logger.info(`${this.label}: Found ${runs.length} runs to ${this.verb}.`);
    if (runs.length > 0) this.logger.info(`Run range: ${runs[0]} to ${runs.at(-1)}`);
    return { runs, late };
  }

  /** Counts what an execution that was killed archived and had no time to note. */
  async #position(listing: Listing): Promise<RunNumber> {
    const state = await this.#context.files.state.update((before) =>
      advance(before, {
        successes: [],
        attempted: [],
        archivedBefore: listing.target,
        lowestKnown: lowestRun(listing),
      }),
    );
    return positionOf(state);
  }

  async #processBatch(batch: readonly RunNumber[], listing: Listing): Promise<StageResult> {
    const { settings, files, shutdown } = this.#context;
    const halt = new AbortController();
    const stop = AbortSignal.any([shutdown, halt.signal]);
    const recorder = new ProgressRecorder(batch, files, listing, (error) => {
      this.logger.critical(`${this.label}: no further runs are started: ${messageOf(error)}`);
      halt.abort();
    });
    const limit = pLimit(settings.parallelWorkers);
    this.logger.info(`${this.label}: Processing batch of ${batch.length} runs.`);
    this.logger.info(
      `Starting parallel processing of ${batch.length} runs with ${settings.parallelWorkers} workers`,
    );
    await Promise.all(
      batch.map((run) =>
        limit(async () => {
          if (stop.aborted) return;
          const logger = this.logger.child({ stage: this.name, run });
          const error = await attemptRun(
            run,
            (number) => this.process(number, logger),
            {
              retries: settings.runProcessRetries,
              retryDelaySeconds: settings.retryDelaySeconds,
              shutdown: stop,
            },
            logger,
          );
          recorder.ended(run, error !== undefined);
          this.#logProgress(recorder, batch.length);
        }),
      ),
    );
    await recorder.settle();
    return this.#summarise(recorder, batch);
  }

  #logProgress(recorder: ProgressRecorder, total: number): void {
    const [successful, failed] = [recorder.successful.size, recorder.failed.size];
    const ended = successful + failed;
    if (ended % progressInterval !== 0 && ended !== total) return;
    this.logger.info(
      `Progress: ${ended}/${total} runs processed (${successful} successful, ${failed} failed)`,
    );
  }

  #summarise(recorder: ProgressRecorder, batch: readonly RunNumber[]): StageResult {
    const result = {
      successful: [...recorder.successful],
      failed: [...recorder.failed],
      notProcessed: batch.length - recorder.successful.size - recorder.failed.size,
    };
    const counts = `${result.successful.length} successful, ${result.failed.length} failed`;
    if (result.notProcessed > 0) {
      this.logger.info(`Batch processing interrupted: ${counts}, ${result.notProcessed} not processed`);
    } else {
      this.logger.info(`Batch processing complete: ${counts}`);
    }
    if (result.failed.length > 0) {
      this.logger.warning(
        `${result.failed.length} failed runs are in the failure log ${this.#context.files.failures.path}`,
      );
    }
    return result;
  }
}
