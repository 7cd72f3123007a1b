import { createHash } from 'node:crypto';
import { packBlob, sameRecord } from '../blob/pack.ts';
import { unpackBlob } from '../blob/unpack.ts';
import { validateBlob } from '../blob/validate.ts';
import type { ArtdaqDb } from '../clients/artdaqdb/artdaqdb.ts';
import type { PutOutcome, UconDb } from '../clients/ucondb/ucondb.ts';
import { ArtdaqDbError, messageOf, UconDbError } from '../errors.ts';
import { type FhiclFile, SCHEMA_FILE } from '../fhicl/fhicl-file.ts';
import { forget } from '../persistence/follow-up-records.ts';
import type { RunSetFile } from '../persistence/run-set-file.ts';
import { formatRuns } from '../report/ranges.ts';
import type { RunNumber } from '../run-number.ts';
import type { Logger } from '../services/logger.ts';
import { BaseStage } from './base-stage.ts';
import { needOf } from './blob-completion.ts';
import type { Listing } from './candidates.ts';
import type { FollowUps } from './follow-ups.ts';
import { Visit } from './run-end.ts';
import type { StageContext, StageRequest } from './stage.ts';

/** What the migrate stage works with. */
export interface MigratorParts {
  readonly artdaqDb: ArtdaqDb;
  readonly uconDb: UconDb;
  /** Check that each blob holds what its readers rely on. */
  readonly validate: boolean;
  /** Runs that got their stop time in artdaqDB after they were archived. */
  readonly amended: RunSetFile;
  /** Replace the blobs of those (`ucon_db.replace_incomplete`). */
  readonly replaceIncomplete: boolean;
  /** Runs that are known to differ between artdaqDB and UconDB. */
  readonly unequal: RunSetFile;
  /** The packing time of the blobs. */
  readonly now: () => Date;
}

/** artdaqDB -> blob -> UconDB, read back and compared. */
export class Migrator extends BaseStage {
  readonly name = 'migrate';
  protected readonly label = 'Migration Stage';
  protected readonly verb = 'migrate';
  protected readonly target = 'UconDB';
  protected readonly usualPlace = 'UconDB write';
  readonly #parts: MigratorParts;

  constructor(parts: MigratorParts, context: StageContext) {
    super(context);
    this.#parts = parts;
  }

  protected async list(readOnly: boolean): Promise<Listing> {
    const { artdaqDb, uconDb } = this.#parts;
    this.logger.info('Querying ArtdaqDB for available runs...');
    const visit = new Visit();
    const source = await visit.at('artdaqDB read', async () => {
      if (!readOnly) await artdaqDb.prepare();
      return await artdaqDb.listRuns();
    });
    this.logger.info(`Found ${source.length} runs in ArtdaqDB`);
    this.logger.info('Querying UconDB for already migrated runs...');
    const target = await visit.at('UconDB read', () => uconDb.listRuns());
    this.logger.info(`Found ${target.length} runs already in UconDB`);
    return { source, target };
  }

  protected async followUps(listing: Listing, { runs }: StageRequest): Promise<FollowUps> {
    const { amended, replaceIncomplete } = this.#parts;
    const noted = await amended.read();
    const late = listing.target.filter((run) => noted?.has(run) && (runs === undefined || runs.has(run)));
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

  /** Replaces a blob that lacks nothing but the stop time, once; all that went before is found out anew. */
  async #complete(run: RunNumber, logger: Logger, visit: Visit): Promise<void> {
    const { uconDb, amended, now } = this.#parts;
    const files = await visit.at('artdaqDB read', () => this.#export(run));
    const stored = await visit.at('UconDB read', () => uconDb.get(run));
    const need = needOf(files, unpackBlob(stored).files);
    if (need === 'nothing-yet') return;
    if (need === 'replacement') {
      const blob = packBlob(run, files, now());
      await visit.at('UconDB write', () => uconDb.replace(run, blob));
      verifyMd5(run, blob, await visit.at('UconDB read', () => uconDb.get(run)));
      logger.info(`✓ Run ${run}: its blob was replaced by one with the stop time`);
    } else if (need !== 'nothing') {
      throw new UconDbError(
        `run ${run} got its stop time after its blob was stored, but that blob differs in more (${need.join(', ')}); ` +
          'it was not replaced: see --verify and decide which is right',
        { stage: this.name, run, fault: 'run' },
      );
    }
    await amended.drop([run]);
  }

  protected async process(run: RunNumber, logger: Logger, visit: Visit): Promise<void> {
    const { uconDb, validate, now, amended, unequal } = this.#parts;
    const blob = packBlob(run, await visit.at('artdaqDB read', () => this.#export(run)), now());
    logger.debug(`Run ${run}: uploading ${blob.length} bytes to UconDB`);
    const outcome = await visit.at(
      'UconDB write',
      () => uconDb.put(run, blob),
      (answer) => answer === 'stored',
    );
    const stored = await visit.at('UconDB read', () => this.#readBack(run, blob, outcome, logger));
    if (outcome === 'already-stored') logger.info(`Run ${run}: already in UconDB with the same content`);
    // Not before: an upload of a killed archiver may have come first, without the times that came later.
    await forget(amended, [run]);
    await this.#note(() => forget(unequal, [run]), run, logger);
    if (validate) this.#validate(run, stored, logger);
    logger.info(`✓ Run ${run} migrated and verified successfully`);
  }

  /**
   * What UconDB holds now, if it is what was packed. Otherwise `--verify` is told, as the key is taken: whoever lists keys, and
   * so the next retry, counts the run as archived.
   */
  async #readBack(run: RunNumber, packed: Buffer, outcome: PutOutcome, logger: Logger): Promise<Buffer> {
    try {
      const stored = await this.#parts.uconDb.get(run);
      if (outcome === 'stored') verifyMd5(run, packed, stored);
      else verifyRecord(run, packed, stored);
      return stored;
    } catch (error) {
      await this.#note(() => this.#parts.unequal.add([run]), run, logger);
      throw error;
    }
  }

  /** Notes for `--verify` what became of a run, which doesn't depend on whether that succeeds. */
  async #note(change: () => Promise<void>, run: RunNumber, logger: Logger): Promise<void> {
    try {
      await change();
    } catch (error) {
      logger.warning(`Run ${run} could not be noted for --verify: ${messageOf(error)}`);
    }
  }

  #validate(run: RunNumber, blob: Buffer, logger: Logger): void {
    const findings = validateBlob(blob);
    if (findings.length === 0) logger.info(`✓ Blob validation passed for run ${run}`);
    else
      logger.warning(
        `✗ Blob validation found ${findings.length} errors for run ${run}: ${findings.join('; ')}`,
      );
  }

  protected async preview(run: RunNumber): Promise<string[]> {
    const files = await this.#export(run);
    const { length } = packBlob(run, files, this.#parts.now());
    return [`would be migrated: ${files.length} files, a blob of ${length} bytes`];
  }

  async #export(run: RunNumber): Promise<FhiclFile[]> {
    const { artdaqDb } = this.#parts;
    const files = await artdaqDb.export(run);
    if (files.some(({ name }) => name !== SCHEMA_FILE)) return files;
    throw new ArtdaqDbError(
      `run ${run} is listed in artdaqDB (${artdaqDb.location}), but no document of its record is there; ` +
        'nothing was uploaded: restore the collection RunHistory from a backup, or import the run anew',
      { stage: this.name, run, fault: 'run' },
    );
  }
}

function verifyRecord(run: RunNumber, packed: Buffer, stored: Buffer): void {
  if (sameRecord(packed, stored)) return;
  throw new UconDbError(
    `run ${run} is in UconDB already with different content (${stored.length} bytes there, ${packed.length} here); ` +
      'nothing was overwritten: compare the two and decide which is right',
    { stage: 'migrate', run, fault: 'run' },
  );
}

function verifyMd5(run: RunNumber, sent: Buffer, stored: Buffer): void {
  // Equal bytes have equal sums.
  if (stored.equals(sent)) return;
  const [expected, found] = [md5(sent), md5(stored)];
  throw new UconDbError(
    `MD5 mismatch for run ${run}: sent ${expected} (${sent.length} bytes), UconDB holds ${found} ` +
      `(${stored.length} bytes); the key is taken by a wrong blob: ask the UconDB administrators to remove it`,
    { stage: 'migrate', run, fault: 'run' },
  );
}

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex');
}
