import { ArchiverError, PersistenceError } from '../errors.ts';
import { byRunNumber, type RunNumber } from '../runs/run-number.ts';
import { common, formatRuns } from '../runs/run-set.ts';
import { attemptRun } from '../stages/attempts.ts';
import { BlobComparison } from '../stages/blob-comparison.ts';
import { followSchedule } from '../stages/follow-schedule.ts';
import { Schedule, signOf } from '../stages/schedule.ts';
import type { Visit } from '../stages/visit.ts';
import { WaitingBook } from '../stages/waiting-book.ts';
import { followUpRecords } from '../state/follow-up-records.ts';
import { allUncertain, uncertainRuns } from '../state/uncompared-runs.ts';
import type { WaitingRun } from '../state/waiting-runs.ts';
import type { Execution } from './mode.ts';

/** What the comparison of this archiver's uploads found; all ascending. */
export interface ComparedUploads {
  readonly equal: readonly RunNumber[];
  /** Their blob differs from their record. */
  readonly different: readonly RunNumber[];
  /** They could not be compared, and wait. */
  readonly uncertain: readonly RunNumber[];
  /** They are not compared, because somebody gave them up. */
  readonly givenUp: readonly RunNumber[];
  /** Which runs now wait because of a fault. */
  readonly waiting: ReadonlyMap<RunNumber, WaitingRun>;
}

/** Nothing to compare. @param waiting because of a fault */
export function nothingUploaded(waiting: ReadonlyMap<RunNumber, WaitingRun>): ComparedUploads {
  return { equal: [], different: [], uncertain: [], givenUp: [], waiting };
}

/**
 * Compares the runs whose key at UconDB proves nothing. If their record can't be read, these are all runs in both places; they
 * are noted first, so that a killed recovery loses nothing.
 * @param source runs in artdaqDB, ascending
 * @param listed runs with a key at UconDB, ascending
 * @param options `byFault`: which runs wait
 * @returns undefined if a stop came before all runs were compared
 * @throws ArchiverError in an outage, or if a record can't be read or written
 */
export async function compareUploads(
  source: readonly RunNumber[],
  listed: readonly RunNumber[],
  options: { readonly dryRun: boolean; readonly byFault: ReadonlyMap<RunNumber, WaitingRun> },
  execution: Execution,
): Promise<ComparedUploads | undefined> {
  const { site, shutdown } = execution;
  const logger = execution.logger.child({ stage: 'migrate' });
  const { dryRun, byFault } = options;
  const { runProcessRetries: retries, retryDelaySeconds, parallelWorkers: workers } = site.config.app;
  const all = await runsToCompare(source, listed, dryRun, execution);
  const { runs: leftAlone } = await site.givenUp.read();
  const noted = all.filter((run) => !leftAlone.has(run));
  const givenUp = all.filter((run) => leftAlone.has(run));
  if (noted.length === 0) return { ...nothingUploaded(byFault), givenUp };
  const runs = common(noted, source);
  logger.info(
    `Comparing ${runs.length} runs that were uploaded and not found equal since: ${formatRuns(runs)}`,
  );
  const { artdaqDb, now } = site;
  const { amended } = followUpRecords(site.config.app.workDir);
  const { unequal } = site.verification;
  const comparison = new BlobComparison({ artdaqDb, uconDb: await site.uconDb(), amended, unequal, now });
  const schedule = new Schedule({ others: runs, waiting: [], limit: Infinity, isAlarmed: false });
  const book = new WaitingBook({ before: byFault, inFailureLog: new Set(), usualPlace: 'UconDB read', now });
  const [equal, different] = [new Set<RunNumber>(), new Set<RunNumber>()];
  let lastMessage = '';
  await followSchedule(schedule, { workers, stop: shutdown }, async (run) => {
    const ofRun = logger.child({ run });
    const work = async (_run: RunNumber, visit: Visit): Promise<void> => {
      const look = async () => comparison.look(run, await comparison.pack(run, visit), visit);
      await (dryRun ? look() : comparison.noting(run, look, ofRun));
    };
    const limits = { retries, retryDelaySeconds, once: schedule.isAlarmed, shutdown, ending: shutdown };
    const end = await attemptRun(run, work, limits, ofRun);
    if (end.kind === 'left' || end.kind === 'returned') return schedule.withdrawn(run);
    schedule.ended(run, signOf(end));
    for (const condemned of book.ended(run, end)) different.add(condemned.run);
    if (end.kind === 'archived') equal.add(run);
    else lastMessage = end.message;
  });
  if (shutdown.aborted) return undefined;
  if (schedule.end === 'site' || schedule.end === 'outage') {
    throw new ArchiverError(
      `Uploaded runs could not be compared, so state and failure log stay unchanged; repeat the recovery later: ${lastMessage}`,
      { fault: 'site', place: 'UconDB read' },
    );
  }
  const uncertain = noted.filter((run) => !equal.has(run) && !different.has(run));
  const found = {
    equal: ascending(equal),
    different: ascending(different),
    uncertain,
    givenUp,
    waiting: book.runs,
  };
  tell(found, execution);
  return found;
}

function tell({ different, uncertain }: ComparedUploads, { logger }: Execution): void {
  if (different.length > 0) {
    logger.error(`UconDB does not hold the record of ${different.length} runs: ${formatRuns(different)}`);
  }
  if (uncertain.length > 0) {
    logger.error(
      `${uncertain.length} runs could not be compared; they don't count as migrated, and the next execution of the migrate stage ` +
        `compares them: ${formatRuns(uncertain)}`,
    );
  }
}

async function runsToCompare(
  source: readonly RunNumber[],
  listed: readonly RunNumber[],
  dryRun: boolean,
  { site, logger }: Execution,
): Promise<readonly RunNumber[]> {
  const { uncompared, verification, givenUp } = site;
  const { unequal } = verification;
  try {
    await uncompared.read();
    await unequal.read();
  } catch (error) {
    if (!(error instanceof PersistenceError)) throw error;
    const inBoth = common(listed, source);
    logger.warning(`${error.message} All ${inBoth.length} runs that are in both places are compared now.`);
    if (dryRun) return inBoth;
    const kept = await uncompared.replace(inBoth);
    logger.info(`✓ Written ${uncompared.path}${kept === undefined ? '' : ` (before: ${kept})`}`);
    // Last, because until the runs are noted, nothing else makes a later execution compare them.
    const before = await unequal.replaceUnreadable([]);
    if (before !== undefined) logger.info(`✓ Emptied ${unequal.path} (before: ${before})`);
  }
  const { failures } = site.files('migrate');
  return allUncertain(await uncertainRuns(listed, { uncompared, unequal, failures, givenUp }));
}

function ascending(runs: ReadonlySet<RunNumber>): RunNumber[] {
  return [...runs].sort(byRunNumber);
}
