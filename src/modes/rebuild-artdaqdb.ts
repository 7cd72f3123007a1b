import pLimit, { type LimitFunction } from 'p-limit';
import type { ArtdaqDb } from '../artdaqdb/artdaqdb.ts';
import { recordDigest } from '../blob/pack.ts';
import type { Logger } from '../log/logger.ts';
import { byRunNumber, type RunNumber } from '../runs/run-number.ts';
import { formatRuns, without } from '../runs/run-set.ts';
import { BatchProgress } from '../stages/batch-progress.ts';
import { BlobComparison } from '../stages/blob-comparison.ts';
import { type RebuiltRun, rebuiltRun } from '../stages/rebuilt-run.ts';
import { storingUnfinished } from '../stages/unfinished-runs.ts';
import { Visit } from '../stages/visit.ts';
import { type WorkedThrough, type WorkThroughOptions, workThrough } from '../stages/work-through.ts';
import { followUpRecords } from '../state/follow-up-records.ts';
import type { UconDb } from '../ucondb/ucondb.ts';
import type { Execution } from './mode.ts';
import { LABEL, planRebuild, type RebuildRequest, tellPlan } from './plan-rebuild.ts';

/** Runs are noted, stored and compared in portions of this size: after a kill, a repeat compares at most so many. */
const PORTION = 32;

/**
 * Stores runs that artdaqDB lacks anew from their blobs. A run is stored only if an export of it will give its blob, and an export
 * afterwards confirms that. Runs that an earlier execution stored without confirming it are compared first.
 * @returns true if all selected runs that UconDB has are in artdaqDB now and no comparison found a difference
 * @throws ArchiverError if a place can't be listed, or a record in the work directory can't be read or written
 */
export async function rebuildArtdaqDb(request: RebuildRequest, execution: Execution): Promise<boolean> {
  const { logger, shutdown } = execution;
  execution.enter('Rebuild of artdaqDB');
  const plan = await planRebuild(request, execution);
  tellPlan(plan, logger);
  const total = plan.missing.length + (request.dryRun ? 0 : plan.toCompare.length);
  const rebuild = new Rebuild(request, execution, await execution.site.uconDb(), total);
  if (request.dryRun) await rebuild.tryOut(plan.missing);
  else {
    await rebuild.compare(plan.toCompare);
    for (let next = 0; next < plan.missing.length && rebuild.continues; next += PORTION) {
      await rebuild.store(plan.missing.slice(next, next + PORTION));
    }
  }
  rebuild.end();
  const { failed, successful, error } = rebuild;
  const left = total - rebuild.tried.size + plan.later;
  const done = request.dryRun
    ? 'would be stored (dry run, nothing was changed)'
    : 'are in artdaqDB and equal to their blobs';
  logger.info(`${LABEL}: ${successful.size} runs ${done}, ${failed.size} failed, ${left} are left`);
  if (failed.size > 0) {
    const runs = [...failed.keys()].sort(byRunNumber);
    logger.warning(`${LABEL}: failed: ${formatRuns(runs)}; a repeat tries or compares them again`);
  }
  if (shutdown.aborted) logger.info(`${LABEL}: the same command continues where this one was stopped`);
  const isWhole = plan.nowhere.length + plan.refused.length + plan.incomparable.length === 0;
  return isWhole && failed.size === 0 && error === undefined;
}

/** The work on the runs of one execution. */
class Rebuild {
  /** Each run with why it failed. */
  readonly failed = new Map<RunNumber, string>();
  readonly successful = new Set<RunNumber>();
  /** Runs of the selection whose work has ended. */
  readonly tried = new Set<RunNumber>();
  readonly #request: RebuildRequest;
  readonly #execution: Execution;
  readonly #uconDb: UconDb;
  readonly #artdaqDb: ArtdaqDb;
  readonly #comparison: BlobComparison;
  readonly #progress: BatchProgress;
  /** Runs are converted one after the other: it takes a processor, and their documents take memory. */
  readonly #inTurn = pLimit(1);
  readonly #storing: LimitFunction;
  /** What an export of the runs has to give. */
  readonly #digests = new Map<RunNumber, string>();
  #worked: WorkedThrough = { error: undefined, isAlarmed: false };

  constructor(request: RebuildRequest, execution: Execution, uconDb: UconDb, total: number) {
    const { site, logger, progress: view } = execution;
    const { amended } = followUpRecords(site.config.app.workDir);
    const { unequal } = site.verification;
    this.#request = request;
    this.#execution = execution;
    this.#uconDb = uconDb;
    this.#artdaqDb = site.artdaqDb;
    this.#comparison = new BlobComparison({
      artdaqDb: site.artdaqDb,
      uconDb,
      amended,
      unequal,
      now: site.now,
    });
    this.#storing = pLimit(site.config.app.parallelWorkers);
    this.#progress = new BatchProgress({ label: LABEL, total, logger, view });
    this.#progress.show(this);
  }

  /** Why no further run begins, if that is a fault of the site. */
  get error(): string | undefined {
    return this.#worked.error;
  }

  get continues(): boolean {
    return this.error === undefined && !this.#execution.shutdown.aborted;
  }

  end(): void {
    this.#progress.end();
  }

  /** Stores runs and compares them. */
  async store(missing: readonly RunNumber[]): Promise<void> {
    const { rebuilt } = this.#execution.site;
    const runs = await this.#stillMissing(missing);
    const noted = await rebuilt.note(runs);
    const sent = new Set<RunNumber>();
    const stored: RunNumber[] = [];
    await this.#workThrough(
      runs,
      (run, logger, visit) => this.#store(run, logger, visit, sent),
      this.#execution.site.config.uconDb.maxInFlight,
      (run, error) => {
        if (error === undefined) stored.push(run);
        else this.#ended(run, error);
      },
    );
    // Nothing of these was stored: if artdaqDB gets them, somebody else stores them.
    await rebuilt.drop(noted.filter((run) => !sent.has(run)));
    if (this.continues) await this.compare(stored.sort(byRunNumber));
    else if (stored.length > 0)
      this.#execution.logger.warning(
        `${LABEL}: stored, but not compared yet: ${formatRuns(stored.sort(byRunNumber))}`,
      );
  }

  /** A rebuild can take hours, in which other programs may store runs. */
  async #stillMissing(missing: readonly RunNumber[]): Promise<RunNumber[]> {
    const { shutdown, logger } = this.#execution;
    const stored = await new Visit(shutdown).at('artdaqDB read', () => this.#artdaqDb.listRuns());
    const runs = without(missing, stored);
    const others = without(missing, runs);
    for (const run of others) this.tried.add(run);
    if (others.length > 0) {
      logger.info(
        `${LABEL}: somebody else has stored these runs meanwhile, so they stay: ${formatRuns(others)}`,
      );
    }
    return runs;
  }

  /** Compares runs that were stored, and records what was found. */
  async compare(runs: readonly RunNumber[]): Promise<void> {
    if (runs.length === 0) return;
    const { site } = this.#execution;
    const equal: RunNumber[] = [];
    await this.#workThrough(
      runs,
      (run, logger, visit) => this.#compare(run, logger, visit),
      site.config.app.parallelWorkers,
      (run, error) => {
        if (error === undefined) equal.push(run);
        this.#ended(run, error);
      },
    );
    if (equal.length === 0) return;
    // A run is archived again, so nobody has to import it. The note goes last: without it nothing else makes anybody compare.
    const { failures, waiting } = site.files('import');
    await failures.change({ remove: equal });
    const { byFault, ...others } = await waiting.read();
    const left = new Map(byFault);
    for (const run of equal) left.delete(run);
    await waiting.write({ ...others, byFault: left });
    await site.rebuilt.drop(equal);
  }

  /** Says what {@link store} would do. */
  async tryOut(runs: readonly RunNumber[]): Promise<void> {
    await this.#workThrough(
      runs,
      async (run, logger, visit) => {
        const { config, documents } = await this.#prepare(run, visit);
        const names = documents.map(({ name }) => name).join(', ');
        logger.info(`Dry run: run ${run} would be stored as ${run}/${config}: ${names}`);
      },
      this.#execution.site.config.uconDb.maxInFlight,
      (run, error) => this.#ended(run, error),
    );
  }

  async #workThrough(
    runs: readonly RunNumber[],
    work: Parameters<typeof workThrough>[1],
    atOnce: number,
    ended: WorkThroughOptions['ended'],
  ): Promise<void> {
    const { site, logger, shutdown } = this.#execution;
    const { isAlarmed } = this.#worked;
    const settings = site.config.app;
    const options = { label: LABEL, logger, settings, atOnce, isAlarmed, shutdown, ended };
    this.#worked = await workThrough(runs, work, options);
  }

  #ended(run: RunNumber, error: string | undefined): void {
    this.tried.add(run);
    if (error === undefined) this.successful.add(run);
    else this.failed.set(run, error);
    this.#progress.ended(this);
  }

  async #prepare(run: RunNumber, visit: Visit): Promise<RebuiltRun> {
    const blob = await visit.at('UconDB read', (stop) => this.#uconDb.get(run, stop));
    const rebuilt = await this.#inTurn(() => rebuiltRun(run, blob, this.#request.configuration));
    this.#digests.set(run, recordDigest(blob));
    return rebuilt;
  }

  async #store(run: RunNumber, logger: Logger, visit: Visit, sent: Set<RunNumber>): Promise<void> {
    const { site } = this.#execution;
    const { config, documents, missingTimes } = await this.#prepare(run, visit);
    const insert = (handOver: () => Promise<void>): Promise<void> =>
      visit.at('artdaqDB write', () => {
        sent.add(run);
        return this.#artdaqDb.insert(run, config, documents, handOver);
      });
    const store = () => untilHandedOver(this.#storing, insert, () => visit.handOver());
    if (!site.config.fhiclizeGenerate.has('RunHistory2')) await store();
    else {
      const files = followUpRecords(site.config.app.workDir);
      await visit.at('work directory', () => storingUnfinished(run, missingTimes, files, store));
    }
    logger.info(`Run ${run}: stored in artdaqDB as ${run}/${config}`);
  }

  async #compare(run: RunNumber, logger: Logger, visit: Visit): Promise<void> {
    const comparison = this.#comparison;
    const look = async () => {
      const packed = await comparison.pack(run, visit);
      const isEqual = recordDigest(packed) === this.#digests.get(run);
      return isEqual
        ? ({ blob: packed, verdict: 'equal' } as const)
        : await comparison.look(run, packed, visit);
    };
    const { verdict } = await comparison.noting(run, look, logger);
    this.#digests.delete(run);
    const difference = verdict === 'equal' ? '' : ', but for a stop time that came later';
    logger.info(`✓ Run ${run}: artdaqDB holds what its blob holds${difference}`);
  }
}

/** Lets so many insert at once, without those that only wait for others to share a write with. */
async function untilHandedOver(
  limit: LimitFunction,
  insert: (handOver: () => Promise<void>) => Promise<void>,
  handOver: () => Promise<void>,
): Promise<void> {
  let done = Promise.resolve();
  await limit(
    () =>
      new Promise<void>((free) => {
        done = insert(() => {
          free();
          return handOver();
        }).finally(free);
      }),
  );
  await done;
}
