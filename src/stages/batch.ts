import pLimit from 'p-limit';
import { ConfigurationError, messageOf, NotYetError } from '../errors.ts';
import type { RunNumber } from '../run-number.ts';
import { BatchProgress } from './batch-progress.ts';
import type { BatchPlan, Listing } from './candidates.ts';
import { ProgressRecorder } from './progress-recorder.ts';
import type { StageContext, StageResult } from './stage.ts';

/** What a batch is processed with. */
export interface BatchWork {
  /** Begins the log lines: `Import Stage`. */
  readonly label: string;
  readonly context: StageContext;
  /** Does one run's work; gives why it failed. No further attempt is made once the signal aborts. */
  attempt(run: RunNumber, stop: AbortSignal): Promise<unknown>;
}

/**
 * Processes the runs of a batch, several at once, and writes down how they end. A fault of the configuration concerns all
 * runs alike: it ends the batch, and the run that met it is no failure but stays a candidate.
 * @throws PersistenceError if state or failure log can't be written
 */
export async function processBatch(
  { batch, order }: BatchPlan,
  listing: Listing,
  { label, context, attempt }: BatchWork,
): Promise<StageResult> {
  const { settings, files, logger, shutdown } = context;
  const halt = new AbortController();
  const stop = AbortSignal.any([shutdown, halt.signal]);
  const giveUp = (error: unknown): void => {
    if (halt.signal.aborted) return;
    logger.critical(`${label}: no further runs are started: ${messageOf(error)}`);
    halt.abort();
  };
  const recorder = new ProgressRecorder(order, files, listing, giveUp);
  const progress = new BatchProgress({ label, total: batch.length, logger, view: context.progress });
  progress.show(recorder);
  logger.info(`${label}: Processing batch of ${batch.length} runs.`);
  logger.info(
    `Starting parallel processing of ${batch.length} runs with ${settings.parallelWorkers} workers`,
  );
  let fault: ConfigurationError | undefined;
  const limit = pLimit(settings.parallelWorkers);
  await Promise.all(
    batch.map((run) =>
      limit(async () => {
        if (stop.aborted) return;
        const error = await attempt(run, stop);
        if (error instanceof NotYetError) return;
        if (error instanceof ConfigurationError) {
          fault ??= error;
          giveUp(error);
          return;
        }
        recorder.ended(run, error === undefined ? undefined : messageOf(error));
        progress.ended(recorder);
      }),
    ),
  );
  progress.end();
  await recorder.settle();
  return summarise(recorder, batch.length, fault?.message, context);
}

function summarise(
  recorder: ProgressRecorder,
  total: number,
  error: string | undefined,
  { files, logger, shutdown }: StageContext,
): StageResult {
  const successful = [...recorder.successful];
  const failed = [...recorder.failed].map(([run, cause]) => ({ run, error: cause }));
  const notProcessed = total - successful.length - failed.length;
  const isInterrupted = notProcessed > 0 && (shutdown.aborted || error !== undefined);
  const left = notProcessed === 0 ? '' : `, ${notProcessed} not processed`;
  logger.info(
    `Batch processing ${isInterrupted ? 'interrupted' : 'complete'}: ${successful.length} successful, ${failed.length} failed${left}`,
  );
  if (failed.length > 0) {
    logger.warning(`${failed.length} failed runs are in the failure log ${files.failures.path}`);
  }
  return { successful, failed, notProcessed, error };
}
