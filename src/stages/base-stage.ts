import { ArchiverError, type Place, type StageName } from '../errors.ts';
import type { Logger } from '../log/logger.ts';
import { byRunNumber, type RunNumber } from '../runs/run-number.ts';
import { formatRanges, formatRuns, type NumberRange, RunSet, without } from '../runs/run-set.ts';
import { type GivenUp, nothingGivenUp } from '../state/given-up-runs.ts';
import { positionOf } from '../state/position.ts';
import type { StageState } from '../state/state.ts';
import {
  type PostponementReason,
  type WaitingAtPlace,
  type WaitingState,
  waitingByPlace,
} from '../state/waiting-runs.ts';
import { attemptRun } from './attempts.ts';
import { type BatchResult, type BatchWork, processBatch } from './batch.ts';
import { planLines, recoveryLines, stateLine } from './batch-texts.ts';
import {
  type Beforehand,
  type Comparisons,
  compareRuns,
  type FollowUps,
  followUp,
  joined,
  nothingBeforehand,
  type RunWork,
} from './before-batch.ts';
import {
  type BatchPlan,
  byReason,
  countArchived,
  type IncrementalView,
  type Listing,
  limitOf,
  missingRuns,
  planBatch,
  sizeOf,
  withoutGivenUp,
} from './candidates.ts';
import { givenUpLines } from './given-up-texts.ts';
import { Schedule } from './schedule.ts';
import type { StageContext, StageRequest, StageResult } from './stage.ts';
import type { FailedRun } from './stage-observer.ts';
import type { Visit } from './visit.ts';

/** What a stage found to do, once source and target were listed; all ascending. */
export interface StageFindings {
  /** Asked for and missing at the target, with the runs that are postponed. */
  readonly found: readonly RunNumber[];
  /** Those of them that are to be tried, now or by a later execution. */
  readonly toDo: readonly RunNumber[];
  /** Those that wait although nothing failed. */
  readonly postponed: ReadonlyMap<PostponementReason, RunSet>;
  /** Not found: an incremental execution passes over them, and they are not in the failure log. */
  readonly skipped: readonly RunNumber[];
  /** False in retries, and if only some runs were asked for. */
  readonly isAll: boolean;
}

/**
 * What importer and migrator share: which runs they look at, in which batches, how many at once, how often they try each, and
 * what state and failure log keep. A subclass says where runs come from, where they go and what one run's work is.
 */
export abstract class BaseStage {
  abstract readonly name: StageName;
  /** The stage's log lines begin with it: `Import Stage`. */
  protected abstract readonly label: string;
  /** The verb of the log lines: `import`. */
  protected abstract readonly verb: string;
  /** Where runs go, in words. */
  protected abstract readonly target: string;
  /** The place of failures that happened at no other place. */
  protected abstract readonly usualPlace: Place;
  protected readonly logger: Logger;
  readonly #context: StageContext;
  #nowhere: readonly NumberRange[] | undefined;
  #findings: StageFindings | undefined;

  constructor(context: StageContext) {
    this.#context = context;
    this.logger = context.logger;
  }

  /** Selected runs (`--runs`) that neither source nor target has; undefined until that is known. */
  get nowhere(): readonly NumberRange[] | undefined {
    return this.#nowhere;
  }

  /** What this execution found to do; undefined until that is known. */
  get findings(): StageFindings | undefined {
    return this.#findings;
  }

  /**
   * Lists the runs at the source and at the target.
   * @param readOnly prepare nothing for writing
   * @param mayBeRemembered may lists be those of an earlier execution, as far as nothing has changed since?
   */
  protected abstract list(readOnly: boolean, mayBeRemembered: boolean): Promise<Listing>;

  /** The error for a source that holds no run although earlier executions saw some; undefined if that is normal. */
  protected emptySourceNotice(): string | undefined {
    return undefined;
  }

  /**
   * Does one run's work. Returns once the run is archived, and throws otherwise.
   * @param visit makes the calls to each place
   */
  protected abstract process(run: RunNumber, logger: Logger, visit: Visit): Promise<void>;

  /** Chooses the candidates to leave for later. It looks at all of them together. */
  protected async postponed(
    _runs: readonly RunNumber[],
  ): Promise<ReadonlyMap<RunNumber, PostponementReason>> {
    return new Map();
  }

  /** Finds the runs to compare first: the target has them, and they do not count as archived yet. */
  protected async comparisons(_listing: Listing, _request: StageRequest): Promise<Comparisons> {
    return { runs: [], known: [], work: async () => undefined };
  }

  /** Processes a batch, with what comes before its first and after its last run. */
  protected async processing(
    _batch: readonly RunNumber[],
    process: () => Promise<BatchResult>,
  ): Promise<BatchResult> {
    return await process();
  }

  /** Called once state and failure log on disk say that runs are archived. */
  protected async recorded(_runs: readonly RunNumber[]): Promise<void> {
    // A stage without notes of its own has nothing to do.
  }

  /**
   * Finds the archived runs that need something more. They come before the batch.
   * @param readOnly change nothing, anywhere
   */
  protected abstract followUps(
    listing: Listing,
    request: StageRequest,
    readOnly: boolean,
  ): Promise<FollowUps>;

  /**
   * Says what {@link process} would do, in lines that do not name the run.
   * @throws ArchiverError that says why the run would fail
   */
  protected abstract preview(run: RunNumber): Promise<readonly string[]>;

  /**
   * Processes one batch.
   * @throws ArchiverError if the runs can't be listed, or state and failure log can't be read or written
   */
  async run(request: StageRequest): Promise<StageResult> {
    const { files } = this.#context;
    this.logger.info(`${this.label}: Fetching runs (mode: ${request.mode}).`);
    const listed = await this.#list(false, await this.#mayRemember(request));
    const compared = await this.#compare(listed, request);
    const listing = withArchived(listed, compared.successful);
    // A killed execution may have archived runs that it could not note any more.
    const state = await files.state.updateIfNeeded((before) => countArchived(before, listing));
    await files.failures.settle();
    await this.#warnOfEmptyTarget(listing, state);
    const view = await this.#view(listing, state);
    const isRetry = request.mode === 'failed';
    const dropped = isRetry ? await this.#dropArchived(view.failed, listing) : 0;
    await files.seen.look(listing.source.without(view.late), view.position);
    const before = isRetry ? compared : joined(compared, await this.#followUp(listing, request));
    const plan = await this.#plan(listing, view, request);
    const waiting = waitingBefore(plan, view, request);
    await files.waiting.write(waiting);
    if (sizeOf(plan) === 0 || before.isBrokenBySite) {
      const allWaiting = waitingByPlace(view.waiting.byFault);
      const notProcessed = before.notProcessed + sizeOf(plan);
      return { ...before, notProcessed, waiting: askedFor(request, listing, allWaiting), allWaiting };
    }
    const start = { isAlarmed: before.isAlarming, waiting };
    const work = this.#workOn((run, logger, visit) => this.process(run, logger, visit));
    const result = await this.processing([...plan.others, ...plan.waiting], () =>
      processBatch(plan, listing, view, start, work),
    );
    const counts = {
      successful: before.successful.length + result.successful.length,
      attempted: before.successful.length + before.failed.length + sizeOf(plan) - result.notProcessed,
    };
    if (!isRetry) this.logger.info(stateLine(counts));
    else {
      const remaining = (await files.failures.read()).length;
      const lines = recoveryLines(this.name, this.label, { ...counts, dropped, remaining });
      for (const line of lines) this.logger.info(line);
    }
    const ended = [...result.successful, ...result.failed.map(({ run }) => run)];
    await files.seen.remember(ended.filter((run) => view.late.has(run)));
    return {
      ...result,
      waiting: askedFor(request, listing, result.allWaiting),
      successful: [...before.successful, ...result.successful],
      failed: [...before.failed, ...result.failed],
      notProcessed: before.notProcessed + result.notProcessed,
      error: result.error ?? before.error,
      brokenPlace: result.brokenPlace ?? before.brokenPlace,
    };
  }

  async #compare(listing: Listing, request: StageRequest): Promise<Beforehand> {
    const { runs, known, work } = await this.comparisons(withoutGivenUp(listing), request);
    for (const { run, error } of known) this.logger.child({ run }).error(`✗ ${this.label}: ${error}`);
    const alreadyKnown = { ...nothingBeforehand, failed: known };
    if (runs.length === 0) return alreadyKnown;
    const view = await this.#view(listing, await this.#context.files.state.read());
    return joined(alreadyKnown, await compareRuns(runs, listing, view, this.#workOn(work)));
  }

  async #followUp(listing: Listing, request: StageRequest): Promise<Beforehand> {
    const followUps = await this.followUps(withoutGivenUp(listing), request, false);
    return await followUp(followUps, this.#workOn(followUps.work));
  }

  /**
   * Logs what {@link run} would do; changes nothing, anywhere.
   * @param pending runs that the stage before would bring to the source
   * @returns the runs that would be archived, and those that would fail
   * @throws ArchiverError as run does
   */
  async dryRun(request: StageRequest, pending: readonly RunNumber[]): Promise<StageResult> {
    const there = await this.#list(true, false);
    const listing = { ...there, source: there.source.union(RunSet.of(pending)) };
    const { runs: uploaded, known } = await this.comparisons(withoutGivenUp(listing), request);
    for (const { run, error } of known) this.logger.child({ run }).error(`Dry run: ${error}`);
    for (const run of uploaded) {
      this.logger
        .child({ run })
        .info(
          `Dry run: what ${this.target} holds of run ${run} would be compared: it was uploaded, and not found equal since`,
        );
    }
    const { files } = this.#context;
    const state = countArchived(await files.state.read(), listing);
    await this.#warnOfEmptyTarget(listing, state);
    const view = await this.#view(listing, state);
    if (request.mode !== 'failed') {
      const { runs, what } = await this.followUps(withoutGivenUp(listing), request, true);
      for (const run of runs) this.logger.child({ run }).info(`Dry run: run ${run} would have ${what}`);
    }
    const plan = await this.#plan(listing, view, request);
    const successful: RunNumber[] = [];
    const failed: FailedRun[] = [];
    const comes = new Set(pending);
    // As if all went well.
    const schedule = new Schedule({ ...plan, isAlarmed: false });
    for (let run = schedule.next(); run !== undefined; run = schedule.next()) {
      if (this.#context.shutdown.aborted) break;
      schedule.ended(run, 'success');
      const preview = await this.#previewOf(run, comes.has(run));
      const logger = this.logger.child({ run });
      if ('error' in preview) {
        failed.push({ run, error: preview.error });
        logger.error(`Dry run: run ${run} would fail: ${preview.error}`);
      } else {
        successful.push(run);
        for (const line of preview.lines) logger.info(`Dry run: run ${run} ${line}`);
      }
    }
    const notProcessed = sizeOf(plan) - successful.length - failed.length;
    this.logger.info(
      `${this.label}: dry run, nothing was changed: ${successful.length} would be processed, ${failed.length} would fail`,
    );
    const nothing = {
      waiting: [],
      allWaiting: [],
      error: undefined,
      brokenPlace: undefined,
      isBrokenBySite: false,
    };
    return { successful, failed: [...known, ...failed], notProcessed, ...nothing };
  }

  async #previewOf(
    run: RunNumber,
    comes: boolean,
  ): Promise<{ readonly lines: readonly string[] } | { readonly error: string }> {
    if (comes) return { lines: ['would be processed once the stage before has archived it'] };
    try {
      return { lines: await this.preview(run) };
    } catch (error) {
      if (!(error instanceof ArchiverError)) throw error;
      return { error: error.message };
    }
  }

  /** Nothing leaves failure log or waiting runs because of a list that is only remembered. */
  async #mayRemember({ mode, runs }: StageRequest): Promise<boolean> {
    if (mode !== 'incremental' || runs !== undefined) return false;
    return (await this.#context.files.waiting.read()).byFault.size === 0;
  }

  async #list(readOnly: boolean, mayBeRemembered: boolean): Promise<Listing> {
    const listing = await this.list(readOnly, mayBeRemembered);
    const notice = listing.source.isEmpty ? this.emptySourceNotice() : undefined;
    if (notice !== undefined && (await this.#context.files.seen.hasAny())) {
      throw new ArchiverError(notice, { stage: this.name, fault: 'site', place: 'run records' });
    }
    return { ...listing, givenUp: (await this.givenUp()).runs };
  }

  /** The runs that somebody gave up. */
  protected async givenUp(): Promise<GivenUp> {
    return (await this.#context.givenUp?.read()) ?? nothingGivenUp;
  }

  /**
   * Its file system may be away, or the configuration wrong. On a first execution the position was set by hand, and all is
   * well.
   */
  async #warnOfEmptyTarget({ target }: Listing, { lastContiguousRun }: StageState): Promise<void> {
    if (!target.isEmpty || lastContiguousRun === 0 || !(await this.#context.files.seen.hasAny())) return;
    this.logger.warning(
      `No runs found in ${this.target}, but the state says that runs up to ${lastContiguousRun} are there: is it the right place, and ` +
        `is its file system mounted? Runs that go there now will be missing in the right one. If it was emptied on purpose, ` +
        `--recover-${this.name}-state makes the state fit`,
    );
  }

  async #view(listing: Listing, state: StageState): Promise<IncrementalView> {
    const { files } = this.#context;
    const position = positionOf(state);
    const failed = new Set(await files.failures.read());
    const late = new Set(await files.seen.late(missingRuns(listing), position));
    for (const run of failed) late.delete(run);
    const waiting = await files.waiting.read();
    const { target } = listing;
    const byFault = new Map([...waiting.byFault].filter(([run]) => !target.has(run) && !failed.has(run)));
    return { position, failed, late, waiting: { ...waiting, byFault } };
  }

  /** Removes failed runs from the failure log that have reached the target since. */
  async #dropArchived(failed: ReadonlySet<RunNumber>, { target }: Listing): Promise<number> {
    const archived = target.intersection(RunSet.of(failed)).toNumbers();
    if (archived.length === 0) return 0;
    await this.#context.files.failures.change({ remove: archived });
    this.logger.info(
      `${this.label}: Found ${archived.length} failed run(s) that are archived already, removed from the failure log: ` +
        formatRuns(archived),
    );
    return archived.length;
  }

  async #plan(listing: Listing, view: IncrementalView, request: StageRequest): Promise<BatchPlan> {
    const { runs } = request;
    if (runs !== undefined) {
      const others = RunSet.of([...(listing.uncertain ?? []), ...view.failed]);
      const known = [listing.target, others, listing.givenUp ?? RunSet.of([])].reduce(
        (all, more) => all.union(more),
        listing.source,
      );
      this.#nowhere = runs.asked.filter((range) => !known.meets(range));
      const archived = listing.target.intersection(runs);
      if (!archived.isEmpty)
        this.logger.info(`${this.label}: archived already: ${formatRanges(archived.ranges)}`);
      const givenUp = (await this.givenUp()).of(runs).without(archived);
      for (const line of givenUpLines(givenUp)) this.logger.warning(`${this.label}: ${line}`);
    }
    const { batchSize, excludeMostRecentRun } = this.#context.settings;
    const wanted = { ...request, limit: limitOf(request, batchSize), excludeMostRecentRun };
    const plan = await planBatch(listing, view, wanted, (runs) => this.postponed(runs));
    this.#findings = findingsOf(plan, listing, view, request);
    for (const line of planLines(plan, request, view, this.verb)) this.logger.info(`${this.label}: ${line}`);
    return plan;
  }

  /** Runs in progress at once. */
  protected get atOnce(): number {
    return this.#context.settings.parallelWorkers;
  }

  #workOn(work: RunWork): BatchWork {
    const { shutdown, settings } = this.#context;
    const { runProcessRetries: retries, retryDelaySeconds } = settings;
    return {
      label: this.label,
      context: this.#context,
      atOnce: this.atOnce,
      usualPlace: this.usualPlace,
      attempt: (run, options) => {
        const logger = this.logger.child({ run });
        const limits = { retries, retryDelaySeconds, shutdown, ...options };
        return attemptRun(run, (number, visit) => work(number, logger, visit), limits, logger);
      },
      recorded: (runs) => this.recorded(runs),
    };
  }
}

function withArchived(listing: Listing, more: readonly RunNumber[]): Listing {
  if (more.length === 0) return listing;
  return { ...listing, target: listing.target.union(RunSet.of(more)) };
}

function findingsOf(
  { selected: toDo, postponed }: BatchPlan,
  listing: Listing,
  view: IncrementalView,
  { mode, runs }: StageRequest,
): StageFindings {
  const isAll = mode !== 'failed' && runs === undefined;
  const found = [...toDo, ...postponed.keys()].sort(byRunNumber);
  const isPassedOver = (run: RunNumber): boolean => (runs?.has(run) ?? true) && !view.failed.has(run);
  const others = mode === 'incremental' ? without(missingRuns(listing), found).filter(isPassedOver) : [];
  return {
    found,
    toDo,
    postponed: byReason(postponed),
    skipped: without(others, listing.uncertain ?? []),
    isAll,
  };
}

/** Who waits when a batch begins. What a selection or a retry leaves out stays as it was. */
function waitingBefore(
  { postponed, limit, waiting, others }: BatchPlan,
  view: IncrementalView,
  { mode, runs }: StageRequest,
): WaitingState {
  const isAll = mode !== 'failed' && runs === undefined;
  return {
    byFault: view.waiting.byFault,
    postponed: isAll ? byReason(postponed) : view.waiting.postponed,
    beganWithWaiting: limit === 1 && waiting.length > 0 && others.length === 0,
  };
}

/** Of the runs that wait, an execution names those it was asked for. A retry makes none wait: it names those it compared. */
function askedFor(
  { mode, runs: selection }: StageRequest,
  { uncertain = [] }: Listing,
  waiting: readonly WaitingAtPlace[],
): WaitingAtPlace[] {
  const compared = new Set(uncertain);
  const isAsked = (run: RunNumber): boolean =>
    (selection?.has(run) ?? true) && (mode !== 'failed' || compared.has(run));
  return waiting
    .map((each) => ({ ...each, runs: each.runs.filter(isAsked) }))
    .filter(({ runs }) => runs.length > 0);
}
