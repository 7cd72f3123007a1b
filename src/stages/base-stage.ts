import { ArchiverError, type Place, type StageName } from '../errors.ts';
import type { Logger } from '../log/logger.ts';
import { byRunNumber, type RunNumber } from '../runs/run-number.ts';
import type { NumberRange } from '../runs/run-set.ts';
import { formatRanges, formatRuns, RunSet } from '../runs/run-set.ts';
import { positionOf } from '../state/position.ts';
import type { StageState } from '../state/state.ts';
import {
  type PostponementReason,
  type WaitingAtPlace,
  type WaitingState,
  waitingByPlace,
} from '../state/waiting-runs.ts';
import { attemptRun } from './attempts.ts';
import { type BatchResult, processBatch } from './batch.ts';
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
} from './candidates.ts';
import type { Comparisons } from './comparisons.ts';
import type { RunEnd, Visit } from './run-end.ts';
import { Schedule, signOf } from './schedule.ts';
import type { FollowUps, StageContext, StageRequest, StageResult } from './stage.ts';
import type { FailedRun } from './stage-observer.ts';
import { postponementTexts } from './waiting-texts.ts';

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
  /** Where runs go, as people call it. */
  protected abstract readonly target: string;
  /** Where a run's work is done that belongs to no other place. */
  protected abstract readonly usualPlace: Place;
  protected readonly logger: Logger;
  readonly #context: StageContext;
  #nowhere: readonly NumberRange[] | undefined;

  constructor(context: StageContext) {
    this.#context = context;
    this.logger = context.logger;
  }

  /** Of the selection of runs, what is neither at the source nor at the target; undefined as long as that is not known. */
  get nowhere(): readonly NumberRange[] | undefined {
    return this.#nowhere;
  }

  /**
   * The runs at the source and at the target.
   * @param readOnly nothing may be made ready for writing
   */
  protected abstract list(readOnly: boolean): Promise<Listing>;

  /** What to tell if the source holds no run although it did at earlier executions; undefined if that is nothing unusual. */
  protected emptySourceNotice(): string | undefined {
    return undefined;
  }

  /**
   * Does the work of one run; returning means that it is archived. Throws otherwise.
   * @param visit does what is done at a place
   */
  protected abstract process(run: RunNumber, logger: Logger, visit: Visit): Promise<void>;

  /** Which of some runs are to be left for later though they are candidates; they are looked at together. */
  protected async postponed(
    _runs: readonly RunNumber[],
  ): Promise<ReadonlyMap<RunNumber, PostponementReason>> {
    return new Map();
  }

  /** Finds what is to be done, before all else, about runs that are at the target and don't count as archived yet. */
  protected async comparisons(_listing: Listing, _request: StageRequest): Promise<Comparisons> {
    return { runs: [], known: [], work: async () => undefined };
  }

  /** Processes a batch, with what there is to do before its first and after its last run. */
  protected async processing(
    _batch: readonly RunNumber[],
    process: () => Promise<BatchResult>,
  ): Promise<BatchResult> {
    return await process();
  }

  /** Called once it is on disk that runs are archived. */
  protected async recorded(_runs: readonly RunNumber[]): Promise<void> {
    // A stage without notes of its own has nothing to do.
  }

  /**
   * Finds what is to be done about runs that are archived already, before any other run.
   * @param readOnly nothing may be changed, anywhere
   */
  protected abstract followUps(
    listing: Listing,
    request: StageRequest,
    readOnly: boolean,
  ): Promise<FollowUps>;

  /**
   * Says what {@link process} would do, in lines without the run's number.
   * @throws ArchiverError why the run would fail
   */
  protected abstract preview(run: RunNumber): Promise<readonly string[]>;

  /**
   * Processes one batch.
   * @throws ArchiverError if the runs can't be determined, or state and failure log can't be read or written
   */
  async run(request: StageRequest): Promise<StageResult> {
    const { files } = this.#context;
    this.logger.info(`${this.label}: Fetching runs (mode: ${request.mode}).`);
    const listed = await this.#list(false);
    const compared = await this.#compare(listed, request);
    const listing = { ...listed, target: [...listed.target, ...compared.successful].sort(byRunNumber) };
    // Counts what an execution that was killed archived and had no time to note.
    const state = await files.state.update((before) => countArchived(before, listing));
    await this.#warnOfEmptyTarget(listing, state);
    const view = { position: positionOf(state), ...(await this.#remembered(listing, state)) };
    const dropped = request.mode === 'failed' ? await this.#dropArchived(view.failed, listing) : 0;
    const present = listing.source.filter((run) => !view.late.has(run));
    await files.seen.look(present, view.position);
    const followedUp = request.mode === 'failed' ? noFollowUp : await this.#followUp(listing, request);
    const plan = await this.#plan(listing, view, request);
    // What a selection or a retry left out is as it was.
    const isAll = request.mode !== 'failed' && request.runs === undefined;
    const waiting: WaitingState = {
      byFault: view.waiting.byFault,
      postponed: isAll ? byReason(plan.postponed) : view.waiting.postponed,
      beganWithWaiting: plan.limit === 1 && plan.waiting.length > 0 && plan.others.length === 0,
    };
    await files.waiting.write(waiting);
    const before = {
      successful: compared.successful,
      failed: [...compared.failed, ...followedUp.failed],
      error: compared.error ?? followedUp.error,
      brokenPlace: compared.brokenPlace ?? followedUp.brokenPlace,
      isBrokenBySite: compared.isBrokenBySite || followedUp.isBrokenBySite,
    };
    if (sizeOf(plan) === 0 || before.isBrokenBySite) {
      const allWaiting = waitingByPlace(view.waiting.byFault);
      const notProcessed = compared.notProcessed + sizeOf(plan);
      return { ...before, notProcessed, waiting: askedFor(request, listing, allWaiting), allWaiting };
    }
    const batch = [...plan.others, ...plan.waiting];
    const result = await this.processing(batch, () =>
      processBatch(plan, listing, view, {
        label: this.label,
        context: this.#context,
        usualPlace: this.usualPlace,
        isAlarmed: followedUp.error !== undefined || compared.isAlarming,
        waiting,
        attempt: (run, options) =>
          this.#attempt(run, (number, logger, visit) => this.process(number, logger, visit), options),
        recorded: (runs) => this.recorded(runs),
      }),
    );
    const counts = {
      successful: before.successful.length + result.successful.length,
      attempted: before.successful.length + before.failed.length + sizeOf(plan) - result.notProcessed,
    };
    if (request.mode !== 'failed') this.logger.info(stateLine(counts));
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
      notProcessed: compared.notProcessed + result.notProcessed,
      error: result.error ?? before.error,
      brokenPlace: result.brokenPlace ?? before.brokenPlace,
    };
  }

  /** Takes no place in the batch, and leaves the position to it. */
  async #compare(listing: Listing, request: StageRequest): Promise<Compared> {
    const { runs, known, work } = await this.comparisons(listing, request);
    for (const { error } of known) this.logger.error(`✗ ${this.label}: ${error}`);
    if (runs.length === 0) return { ...nothingCompared, failed: known };
    this.logger.info(
      `${this.label}: ${runs.length} runs were uploaded, but not found equal since; they are compared first: ${formatRuns(runs)}`,
    );
    const state = await this.#context.files.state.read();
    const view = { position: positionOf(state), ...(await this.#remembered(listing, state)) };
    const { byFault } = view.waiting;
    const plan: BatchPlan = {
      others: runs.filter((run) => !byFault.has(run)),
      waiting: runs.filter((run) => byFault.has(run)),
      limit: Infinity,
      postponed: new Map(),
      selected: runs,
      order: [],
    };
    const result = await processBatch(plan, listing, view, {
      label: `${this.label} (comparison)`,
      context: this.#context,
      usualPlace: this.usualPlace,
      isAlarmed: false,
      waiting: view.waiting,
      attempt: (run, options) => this.#attempt(run, work, options),
      recorded: (archived) => this.recorded(archived),
    });
    const { successful, failed, notProcessed } = result;
    return {
      ...result,
      failed: [...known, ...failed],
      // Also after an outage: a few blobs that can't be read must not keep all other runs out.
      isAlarming:
        result.error !== undefined || (successful.length === 0 && failed.length + notProcessed < runs.length),
    };
  }

  /**
   * Logs what {@link run} would do; changes nothing, anywhere.
   * @param pending runs that the stage before would have brought to the source by then
   * @returns the runs that would be archived, and those that would fail
   * @throws ArchiverError as run does
   */
  async dryRun(request: StageRequest, pending: readonly RunNumber[]): Promise<StageResult> {
    const there = await this.#list(true);
    const listing = { ...there, source: [...new Set([...there.source, ...pending])].sort(byRunNumber) };
    const { runs: uploaded, known } = await this.comparisons(listing, request);
    for (const { error } of known) this.logger.error(`Dry run: ${error}`);
    for (const run of uploaded) {
      this.logger.info(
        `Dry run: what ${this.target} holds of run ${run} would be compared: it was uploaded, and not found equal since`,
      );
    }
    const { files } = this.#context;
    const state = countArchived(await files.state.read(), listing);
    await this.#warnOfEmptyTarget(listing, state);
    const view = { position: positionOf(state), ...(await this.#remembered(listing, state)) };
    if (request.mode !== 'failed') {
      const { runs, what } = await this.followUps(listing, request, true);
      for (const run of runs) this.logger.info(`Dry run: run ${run} would have ${what}`);
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
      if ('error' in preview) {
        failed.push({ run, error: preview.error });
        this.logger.error(`Dry run: run ${run} would fail: ${preview.error}`);
      } else {
        successful.push(run);
        for (const line of preview.lines) this.logger.info(`Dry run: run ${run} ${line}`);
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

  async #list(readOnly: boolean): Promise<Listing> {
    const listing = await this.list(readOnly);
    const notice = listing.source.length === 0 ? this.emptySourceNotice() : undefined;
    if (notice !== undefined && (await this.#context.files.seen.hasAny())) {
      throw new ArchiverError(notice, { stage: this.name, fault: 'site', place: 'run records' });
    }
    return listing;
  }

  /** A file system that is away, or a slip in the configuration. A first execution finds a position that was set by hand. */
  async #warnOfEmptyTarget({ target }: Listing, { lastContiguousRun }: StageState): Promise<void> {
    if (target.length > 0 || lastContiguousRun === 0 || !(await this.#context.files.seen.hasAny())) return;
    this.logger.warning(
      `No runs found in ${this.target}, but the state says that runs up to ${lastContiguousRun} are there: is it the right place, and ` +
        `is its file system mounted? Runs that go there now will be missing in the right one. If it was emptied on purpose, ` +
        `--recover-${this.name}-state makes the state fit`,
    );
  }

  async #remembered(listing: Listing, state: StageState) {
    const { files } = this.#context;
    const failed = new Set(await files.failures.read());
    const late = new Set(await files.seen.late(missingRuns(listing), positionOf(state)));
    for (const run of failed) late.delete(run);
    const waiting = await files.waiting.read();
    const archived = new Set(listing.target);
    const byFault = new Map([...waiting.byFault].filter(([run]) => !archived.has(run) && !failed.has(run)));
    return { failed, late, waiting: { ...waiting, byFault } };
  }

  /** Failed runs that are at the target by now have nothing left to be retried. */
  async #dropArchived(failed: ReadonlySet<RunNumber>, { target }: Listing): Promise<number> {
    const archived = target.filter((run) => failed.has(run));
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
      const known = RunSet.of([
        ...listing.source,
        ...listing.target,
        ...(listing.uncertain ?? []),
        ...view.failed,
      ]);
      this.#nowhere = runs.asked.filter((range) => !known.meets(range));
      const archived = listing.target.filter((run) => runs.has(run));
      if (archived.length > 0) this.logger.info(`${this.label}: archived already: ${formatRuns(archived)}`);
    }
    const { batchSize, excludeMostRecentRun } = this.#context.settings;
    const wanted = { ...request, limit: limitOf(request, batchSize), excludeMostRecentRun };
    const plan = await planBatch(listing, view, wanted, (runs) => this.postponed(runs));
    for (const line of planLines(plan, request, view, this.verb)) this.logger.info(`${this.label}: ${line}`);
    return plan;
  }

  /** Runs for which this fails are archived, so they do not belong into the failure log: they stay in their own record. */
  async #followUp(listing: Listing, request: StageRequest): Promise<FollowedUp> {
    const { shutdown } = this.#context;
    const { runs, what, work } = await this.followUps(listing, request, false);
    if (runs.length > 0) this.logger.info(`${this.label}: ${runs.length} archived runs are to have ${what}`);
    const schedule = new Schedule({ others: runs, waiting: [], limit: Infinity, isAlarmed: false });
    const failed: FailedRun[] = [];
    let [error, brokenPlace]: [string | undefined, Place | undefined] = [undefined, undefined];
    for (let run = schedule.next(); run !== undefined && !shutdown.aborted; run = schedule.next()) {
      const options = { once: schedule.isAlarmed, ending: shutdown };
      const end = await this.#attempt(run, work, options);
      if (end.kind === 'left') {
        schedule.withdrawn(run);
        continue;
      }
      schedule.ended(run, signOf(end));
      if (end.kind === 'archived') continue;
      if (end.fault === 'run') failed.push({ run, error: end.message });
      else {
        brokenPlace = end.place;
        error = `run ${run} could not have ${what}; the next execution tries it again: ${end.message}`;
      }
    }
    return { failed, error, brokenPlace, isBrokenBySite: schedule.end === 'site' };
  }

  #attempt(
    run: RunNumber,
    work: (run: RunNumber, logger: Logger, visit: Visit) => Promise<void>,
    options: { readonly once: boolean; readonly ending: AbortSignal },
  ): Promise<RunEnd> {
    const { runProcessRetries: retries, retryDelaySeconds } = this.#context.settings;
    const logger = this.logger.child({ stage: this.name, run });
    const { shutdown } = this.#context;
    return attemptRun(
      run,
      (number, visit) => work(number, logger, visit),
      { retries, retryDelaySeconds, shutdown, ...options },
      logger,
    );
  }
}

/** An execution for certain runs tells of what it was asked for, and a retry of what it compared, as it makes no run wait. */
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

/** How the comparisons went. */
interface Compared extends Omit<BatchResult, 'allWaiting'> {
  /** Did the last one fail by a fault that may be the site's, as far as can be told? */
  readonly isAlarming: boolean;
}

const nothingCompared: Compared = {
  successful: [],
  failed: [],
  notProcessed: 0,
  error: undefined,
  brokenPlace: undefined,
  isBrokenBySite: false,
  isAlarming: false,
};

/** How the work on archived runs went. */
interface FollowedUp {
  readonly failed: readonly FailedRun[];
  /** The last failure by a fault that may be the site's. */
  readonly error: string | undefined;
  readonly brokenPlace: Place | undefined;
  /** Was it the site's for certain? Then there is no use in trying other runs. */
  readonly isBrokenBySite: boolean;
}

const noFollowUp: FollowedUp = {
  failed: [],
  error: undefined,
  brokenPlace: undefined,
  isBrokenBySite: false,
};

/** What operators are told of a batch before it begins, without the stage's name. */
function planLines(
  plan: BatchPlan,
  { mode, limit, runs }: StageRequest,
  { position, late }: IncrementalView,
  verb: string,
): string[] {
  const { waiting, postponed, selected } = plan;
  const lines: string[] = [];
  if (mode === 'incremental') {
    lines.push(`Incremental mode: filtering runs > ${position}`);
    if (late.size > 0) lines.push(`${late.size} runs appeared late, below the position`);
  }
  if (runs !== undefined) lines.push(`only runs ${runs.toTexts().join(',')} (--runs)`);
  const found = selected.length;
  if (mode !== 'failed') lines.push(`Found ${found} runs to ${verb}.`);
  else if (found > 0) lines.push(`Attempting to recover ${found} failed runs.`);
  if (waiting.length > 0) {
    lines.push(
      `${waiting.length} of them failed earlier by a fault that may be the site's, and are tried again`,
    );
  }
  for (const [reason, later] of byReason(postponed)) {
    lines.push(`${later.size} runs wait ${postponementTexts[reason]}: ${formatRanges(later.ranges)}`);
  }
  const size = sizeOf(plan);
  if (size === 0) {
    if (mode === 'failed' && postponed.size > 0) return lines;
    return [...lines, mode === 'failed' ? 'No failed runs in log to recover.' : `No new runs to ${verb}.`];
  }
  lines.push(`Run range: ${selected[0]} to ${selected.at(-1)}`);
  if (found > size) {
    const rule = limit !== undefined ? '--limit' : mode === 'incremental' ? 'batch_size' : 'batch_size * 10';
    lines.push(`Limited to ${size} runs (${rule}). ${found - size} runs remaining.`);
  }
  return lines;
}

/** How many runs of a batch were archived, and how many tried. */
interface BatchCounts {
  readonly successful: number;
  readonly attempted: number;
}

/** What operators are told of the state after a batch, which was written as its runs ended. */
function stateLine({ successful, attempted }: BatchCounts): string {
  return `Updating state tracking: ${successful} successful, ${attempted} attempted`;
}

/**
 * The same after a retry of failed runs, and how many there still are.
 * @param counts `dropped`: failed runs that were found archived already
 */
function recoveryLines(
  stage: StageName,
  label: string,
  {
    successful,
    attempted,
    dropped,
    remaining,
  }: BatchCounts & { readonly dropped: number; readonly remaining: number },
): string[] {
  const [there, done] = stage === 'import' ? ['archived', 'imported'] : ['migrated', 'migrated'];
  return [
    `Updating state tracking after recovery: ${successful} newly ${done}, ${attempted} total attempted in recovery`,
    `${label}: Recovery complete. ${successful + dropped} successful (${dropped} already ${there}, ${successful} newly ${done}), ` +
      `${remaining} remaining.`,
  ];
}
