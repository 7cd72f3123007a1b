import { messageOf, type Place } from '../errors.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { type WaitingState, waitingByPlace } from '../state/waiting-runs.ts';
import type { AttemptOptions, RunEnd } from './attempts.ts';
import { BatchProgress } from './batch-progress.ts';
import { type BatchPlan, type IncrementalView, type Listing, sizeOf } from './candidates.ts';
import { followSchedule } from './follow-schedule.ts';
import { ProgressRecorder } from './progress-recorder.ts';
import { Schedule, signOf } from './schedule.ts';
import type { StageContext, StageResult } from './stage.ts';
import { WaitingBook } from './waiting-book.ts';
import type { WorkerSlot } from './worker-slot.ts';

/** How a stage works on its runs. */
export interface BatchWork {
  /** The log lines begin with it: `Import Stage`. */
  readonly label: string;
  readonly context: StageContext;
  /** Runs in progress at once. */
  readonly atOnce: number;
  /** The place of failures that happened at no other place. */
  readonly usualPlace: Place;
  /** Does one run's work. */
  attempt(run: RunNumber, options: Pick<AttemptOptions, 'once' | 'ending' | 'slot'>): Promise<RunEnd>;
  /** Called once state and failure log on disk say that runs are archived. */
  recorded(runs: readonly RunNumber[]): Promise<void>;
}

/** What went before a batch. */
export interface BatchStart {
  /** Did this stage just meet a failure that may be the site's fault? */
  readonly isAlarmed: boolean;
  /** What the list of waiting runs keeps besides the runs that wait because of a fault. */
  readonly waiting: WaitingState;
}

/** How a batch ended. */
export type BatchResult = Omit<StageResult, 'waiting'>;

/** Where and why a batch broke off before all of its runs were tried. */
interface BatchBreak {
  readonly place: Place;
  /** Is it the site's fault for certain? */
  readonly isOfSite: boolean;
  readonly message: string;
}

/**
 * Processes the runs of a batch, several at once, and records how each ends. A fault of the site breaks the batch off: the runs
 * that met it wait, and the next execution tries them again.
 * @throws PersistenceError if state, failure log or the list of waiting runs can't be written
 */
export async function processBatch(
  plan: BatchPlan,
  listing: Listing,
  { failed, waiting: { byFault } }: IncrementalView,
  { isAlarmed, waiting }: BatchStart,
  { label, context, atOnce, usualPlace, attempt, recorded: onArchived }: BatchWork,
): Promise<BatchResult> {
  const { settings, files, logger, shutdown, now } = context;
  const total = sizeOf(plan);
  const ending = new AbortController();
  const giveUp = (reason: string): void => {
    if (!ending.signal.aborted) logger.critical(`${label}: no further runs are started: ${reason}`);
    ending.abort();
  };
  const book = new WaitingBook({ before: byFault, inFailureLog: failed, usualPlace, now });
  const onError = (error: unknown): void => giveUp(messageOf(error));
  const recorder = new ProgressRecorder({
    order: plan.order,
    files,
    listing,
    book,
    waiting,
    onArchived,
    onError,
  });
  const progress = new BatchProgress({ label, total, logger, view: context.progress });
  progress.show(recorder);
  logger.info(`${label}: Processing batch of ${total} runs.`);
  logger.info(`Starting parallel processing of ${total} runs with ${settings.parallelWorkers} workers`);
  const schedule = new Schedule({ ...plan, isAlarmed });
  let broken: BatchBreak | undefined;
  const process = async (run: RunNumber, slot: WorkerSlot): Promise<void> => {
    const end = await attempt(run, { once: schedule.isAlarmed, ending: ending.signal, slot });
    if (end.kind === 'left') return schedule.withdrawn(run);
    if (end.kind === 'returned') {
      recorder.returned(run, end);
      return schedule.returned(run);
    }
    for (const condemned of recorder.ended(run, end)) schedule.drop(condemned);
    schedule.ended(run, signOf(end));
    progress.ended(recorder);
    if (schedule.end === 'undecided') ending.abort();
    if (schedule.end === undefined || ending.signal.aborted || end.kind !== 'failed') return;
    broken = {
      place: end.place ?? usualPlace,
      message: end.message,
      isOfSite: schedule.end === 'site',
    };
    giveUp(`${broken.place}: ${broken.message}`);
  };
  const stop = AbortSignal.any([shutdown, ending.signal]);
  await followSchedule(schedule, { workers: atOnce, stop }, process);
  progress.end();
  await recorder.settle();
  return summarise(recorder, book, total, broken, context);
}

function summarise(
  { successful: archived, failed: condemned, tried }: ProgressRecorder,
  book: WaitingBook,
  total: number,
  broken: BatchBreak | undefined,
  { files, logger, shutdown }: StageContext,
): BatchResult {
  const successful = [...archived];
  const failed = [...condemned].map(([run, error]) => ({ run, error }));
  const notProcessed = total - tried.size;
  const waiting = [...tried].filter((run) => book.runs.has(run)).length;
  const isInterrupted = notProcessed > 0 && (shutdown.aborted || broken !== undefined);
  const counts = [
    `${successful.length} successful`,
    `${failed.length} failed`,
    ...(waiting === 0 ? [] : [`${waiting} waiting`]),
    ...(notProcessed === 0 ? [] : [`${notProcessed} not processed`]),
  ];
  logger.info(`Batch processing ${isInterrupted ? 'interrupted' : 'complete'}: ${counts.join(', ')}`);
  if (failed.length > 0) {
    logger.warning(`${failed.length} failed runs are in the failure log ${files.failures.path}`);
  }
  return {
    successful,
    failed,
    notProcessed,
    allWaiting: waitingByPlace(book.runs),
    error: broken && `${broken.place}: ${broken.message}`,
    brokenPlace: broken?.place,
    isBrokenBySite: broken?.isOfSite === true,
  };
}
