import type { ArtdaqDb } from '../artdaqdb/artdaqdb.ts';
import { unpackBlob } from '../blob/unpack.ts';
import { validateBlob } from '../blob/validate.ts';
import { NotYetError, UconDbError } from '../errors.ts';
import type { Logger } from '../log/logger.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { formatRuns, RunSet, without } from '../runs/run-set.ts';
import type { RunSetFile } from '../state/run-set-file.ts';
import { allUncertain, type UncomparedRuns, uncertainRuns } from '../state/uncompared-runs.ts';
import type { UconDb } from '../ucondb/ucondb.ts';
import { BaseStage } from './base-stage.ts';
import type { BatchResult } from './batch.ts';
import type { Comparisons, FollowUps } from './before-batch.ts';
import { BlobComparison } from './blob-comparison.ts';
import { needOf } from './blob-completion.ts';
import type { Listing } from './candidates.ts';
import { PackingAhead } from './packing-ahead.ts';
import type { StageContext, StageRequest } from './stage.ts';
import { Visit } from './visit.ts';

/** What the migrate stage works with. */
export interface MigratorParts {
  readonly artdaqDb: ArtdaqDb;
  readonly uconDb: UconDb;
  /** Check each blob for what its readers rely on. */
  readonly validate: boolean;
  /** Runs that got their stop time in artdaqDB after they were archived. */
  readonly amended: RunSetFile;
  /** Replace the blobs of those (`ucon_db.replace_incomplete`). */
  readonly replaceIncomplete: boolean;
  /** Runs that are uploaded or read back at once (`ucon_db.max_in_flight`). */
  readonly maxInFlight: number;
  /** Runs that are known to differ between artdaqDB and UconDB. */
  readonly unequal: RunSetFile;
  /** Runs whose blob was not found equal since its upload began. */
  readonly uncompared: UncomparedRuns;
  /** The packing time of the blobs. */
  readonly now: () => Date;
}

/** artdaqDB -> blob -> UconDB, read back and compared. A blob that this archiver uploaded counts once it is found equal. */
export class Migrator extends BaseStage {
  readonly name = 'migrate';
  protected readonly label = 'Migration Stage';
  protected readonly verb = 'migrate';
  protected readonly target = 'UconDB';
  protected readonly usualPlace = 'UconDB write';
  readonly #parts: MigratorParts;
  readonly #context: StageContext;
  readonly #comparison: BlobComparison;
  readonly #packing: PackingAhead;
  /** Runs that were sent to UconDB, and those of them whose key UconDB certainly has. */
  readonly #sent = new Set<RunNumber>();
  readonly #arrived = new Set<RunNumber>();

  constructor(parts: MigratorParts, context: StageContext) {
    super(context);
    this.#parts = parts;
    this.#context = context;
    this.#comparison = new BlobComparison(parts);
    this.#packing = new PackingAhead(context.settings.parallelWorkers);
  }

  /** Not more, or runs would wait for their turn at UconDB when a stop or an outage comes, and still get it. */
  protected override get atOnce(): number {
    return this.#parts.maxInFlight;
  }

  protected async list(readOnly: boolean, mayBeRemembered: boolean): Promise<Listing> {
    const { artdaqDb, uconDb } = this.#parts;
    this.logger.info('Querying ArtdaqDB for available runs...');
    const visit = new Visit(this.#context.shutdown);
    const source = await visit.at('artdaqDB read', async () => {
      if (!readOnly) await artdaqDb.prepare();
      return await artdaqDb.listRuns({ mayBeRemembered });
    });
    this.logger.info(`Found ${source.length} runs in ArtdaqDB`);
    this.logger.info('Querying UconDB for already migrated runs...');
    if (!readOnly) await this.#settleGivenUp();
    const options = { mayBeRemembered: mayBeRemembered && !(await this.#hasUncertain()) };
    const keys = await visit.at('UconDB read', (stop) => uconDb.listRuns(stop, options));
    const uncertain = allUncertain(await this.#uncertain(keys));
    this.logger.info(`Found ${keys.length} runs already in UconDB`);
    return { source: RunSet.of(source), target: RunSet.of(keys).without(uncertain), uncertain };
  }

  protected override async comparisons(
    { source, uncertain = [] }: Listing,
    { mode, runs }: StageRequest,
  ): Promise<Comparisons> {
    const isSelected = (run: RunNumber): boolean => runs?.has(run) ?? true;
    const selected = uncertain.filter(isSelected);
    const gone = selected.filter((run) => !source.has(run));
    const { uncompared, different } = await this.#uncertain(without(selected, gone));
    const isRetried = mode !== 'incremental' || runs !== undefined;
    return {
      runs: isRetried ? allUncertain({ uncompared, different }) : uncompared,
      known: [
        ...gone.map((run) => ({ run, error: incomparable(run) })),
        ...(isRetried ? [] : different).map((run) => ({ run, error: knownDifference(run) })),
      ],
      work: (run, logger, visit) =>
        this.#packed(run, visit, (blob) => this.#compare(run, blob, { isOurs: false }, logger, visit)),
    };
  }

  /** Given-up runs left the record of unequal runs, unless the process was killed then. */
  async #settleGivenUp(): Promise<void> {
    const { unequal } = await this.givenUp();
    if (unequal.size > 0) await this.#parts.unequal.drop([...unequal.numbers()]);
  }

  /**
   * What becomes of a noted run, or of one that is known to differ, rests on what the server says now. Nothing becomes of those
   * that are given up.
   */
  async #hasUncertain(): Promise<boolean> {
    const [noted, givenUp] = [await this.#parts.uncompared.read(), await this.givenUp()];
    const { different } = await this.#uncertain(await this.#context.files.failures.read());
    return noted.size > noted.intersection(givenUp.runs).size || different.length > 0;
  }

  #uncertain(listed: readonly RunNumber[]) {
    const { uncompared, unequal } = this.#parts;
    const { files, givenUp } = this.#context;
    return uncertainRuns(listed, { uncompared, unequal, failures: files.failures, givenUp });
  }

  protected override async processing(
    batch: readonly RunNumber[],
    process: () => Promise<BatchResult>,
  ): Promise<BatchResult> {
    const { uncompared } = this.#parts;
    const noted = await uncompared.note(batch);
    const result = await process();
    // Nothing of these was sent: if UconDB gets them, somebody else sends them.
    await uncompared.drop(noted.filter((run) => !this.#sent.has(run)));
    return result;
  }

  protected override async recorded(runs: readonly RunNumber[]): Promise<void> {
    await this.#parts.uncompared.drop(runs);
  }

  protected async followUps(listing: Listing, { runs }: StageRequest): Promise<FollowUps> {
    const { amended, replaceIncomplete } = this.#parts;
    const noted = await amended.read();
    const behind = noted?.intersection(listing.target).toNumbers() ?? [];
    const late = behind.filter((run) => runs?.has(run) ?? true);
    if (late.length > 0 && !replaceIncomplete) {
      this.logger.info(
        `${late.length} blobs lack a time that artdaqDB holds by now (ucon_db.replace_incomplete is false): ` +
          formatRuns(late),
      );
    }
    return {
      runs: replaceIncomplete ? late : [],
      what: 'their blob replaced by one with the stop time that came after it (ucon_db.replace_incomplete)',
      work: (run, logger, visit) => this.#complete(run, logger, visit),
    };
  }

  /** Replaces a blob that lacks only the stop time. An attempt after a crash finds out again how far the one before came. */
  async #complete(run: RunNumber, logger: Logger, visit: Visit): Promise<void> {
    const { uconDb, amended, uncompared } = this.#parts;
    const packed = await this.#comparison.pack(run, visit);
    const stored = await visit.at('UconDB read', (stop) => uconDb.get(run, stop));
    const need = needOf(unpackBlob(packed).files, unpackBlob(stored).files);
    if (need === 'nothing-yet') return;
    if (need === 'replacement') {
      await uncompared.note([run]);
      await visit.at('UconDB write', (stop) => uconDb.replace(run, packed, stop));
      await this.#comparison.lookAtUpload(run, packed, visit);
      logger.info(`✓ Run ${run}: its blob was replaced by one with the stop time`);
    } else if (need !== 'nothing') {
      throw new UconDbError(
        `run ${run} got its stop time after its blob was stored, but that blob differs in more (${need.join(', ')}); ` +
          'it was not replaced: see --verify and decide which is right',
        { stage: this.name, run, fault: 'run' },
      );
    }
    await amended.drop([run]);
    await uncompared.drop([run]);
  }

  protected async process(run: RunNumber, logger: Logger, visit: Visit): Promise<void> {
    await this.#packed(run, visit, async (blob) => {
      const isOurs = !this.#arrived.has(run) && (await this.#upload(run, blob, logger, visit));
      await this.#compare(run, blob, { isOurs }, logger, visit);
    });
  }

  /** Packs a run when it is its turn. Some runs are packed while others are at UconDB, if it takes more than there are workers. */
  #packed(run: RunNumber, visit: Visit, work: (blob: Buffer) => Promise<void>): Promise<void> {
    const pack = async (): Promise<Buffer> => {
      if (visit.isToStop) throw new NotYetError('it was not exported yet when the stage was to end', { run });
      return await this.#comparison.pack(run, visit);
    };
    return this.#packing.use(pack, work);
  }

  /** @returns false if UconDB had the key already */
  async #upload(run: RunNumber, blob: Buffer, logger: Logger, visit: Visit): Promise<boolean> {
    logger.debug(`Run ${run}: uploading ${blob.length} bytes to UconDB`);
    this.#sent.add(run);
    const outcome = await visit.at(
      'UconDB write',
      (stop) => this.#parts.uconDb.put(run, blob, stop),
      (answer) => answer === 'stored',
    );
    this.#arrived.add(run);
    return outcome === 'stored';
  }

  /** @param isOurs was just this blob uploaded? */
  async #compare(
    run: RunNumber,
    packed: Buffer,
    { isOurs }: { readonly isOurs: boolean },
    logger: Logger,
    visit: Visit,
  ): Promise<void> {
    const comparison = this.#comparison;
    const look = () =>
      isOurs ? comparison.lookAtUpload(run, packed, visit) : comparison.look(run, packed, visit);
    const { blob, verdict } = await comparison.noting(run, look, logger);
    if (verdict === 'lacks-times') {
      logger.info(`Run ${run}: its blob in UconDB lacks the stop time that came later, and nothing else`);
    } else if (!isOurs) logger.info(`Run ${run}: already in UconDB with the same content`);
    if (this.#parts.validate) this.#validate(run, blob, logger);
    logger.info(`✓ Run ${run} migrated and verified successfully`);
  }

  #validate(run: RunNumber, blob: Buffer, logger: Logger): void {
    const { errors, summary } = validateBlob(blob);
    if (errors === 0) logger.info(`✓ Blob validation passed for run ${run}: ${summary}`);
    else logger.warning(`✗ Blob validation found ${errors} errors for run ${run}: ${summary}`);
  }

  protected async preview(run: RunNumber): Promise<string[]> {
    const blob = await this.#comparison.pack(run, new Visit());
    return [`would be migrated: ${unpackBlob(blob).files.length} files, a blob of ${blob.length} bytes`];
  }
}

function incomparable(run: RunNumber): string {
  return (
    `run ${run} was uploaded to UconDB and not found equal since, and artdaqDB does not have it any more: import it again, ` +
    'or take it out of uncompared_runs.json, where it is noted; then its key counts'
  );
}

function knownDifference(run: RunNumber): string {
  return (
    `run ${run} has a blob in UconDB that was not the same as artdaqDB when they were compared last; ` +
    '--retry-failed-migrate compares them again'
  );
}
