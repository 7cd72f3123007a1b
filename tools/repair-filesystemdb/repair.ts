import { join } from 'node:path';
import { SYSTEM_METADATA, thisOrigin } from '../../src/artdaqdb/database-description.ts';
import { ensureDirectories, ensureMetadata } from '../../src/artdaqdb/filesystem/database-directories.ts';
import { DatabaseLock, type HeldLock } from '../../src/artdaqdb/filesystem/database-lock.ts';
import { changedMeanwhile, IndexChangedError } from '../../src/artdaqdb/filesystem/index/index-file.ts';
import { ArtdaqDbError } from '../../src/errors.ts';
import { currentOwner } from '../../src/lock/owner.ts';
import type { Logger } from '../../src/log/logger.ts';
import { Backup, refuseInside } from './backup.ts';
import { type CheckContext, countDocuments } from './collection-scan.ts';
import { type CheckOptions, type DatabaseCheck, examineDatabase, isStillSo } from './database-check.ts';
import type { Entries } from './documents.ts';
import { indexBytes } from './index-text.ts';
import type { RepairPlan } from './repair-plan.ts';
import type { RepairReport } from './report.ts';

/** What a repair is to do. */
export interface RepairOptions extends CheckOptions {
  /** False: nothing is changed. */
  readonly apply: boolean;
  /** Holds the backup of each repair. */
  readonly backupParent: string;
  /** Hears of waiting for another archiver. */
  readonly logger: Logger;
}

/** Programs that don't know our lock may write at the same time; then the check starts over. */
const ATTEMPTS = 4;

/**
 * Checks a FilesystemDB, and repairs what can be determined with certainty. The check works without the lock, so archivers
 * keep running. If something changed until the lock was taken, the check starts over, the last time under the lock.
 * @param database directory
 * @throws ConfigurationError if that is no database; ArtdaqDbError if it is never left alone long enough
 */
export async function repairDatabase(
  database: string,
  options: RepairOptions,
  context: CheckContext,
): Promise<RepairReport> {
  if (!options.apply) return reportOnly(database, options, context);
  await refuseInside(database, options.backupParent);
  const { logger } = options;
  const lock = new DatabaseLock(database, { owner: currentOwner(), sleep: context.sleep, logger });
  const backup = new Backup(options.backupParent, new Date(context.now()), context.files);
  const done: string[] = [];
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const early = attempt < ATTEMPTS ? await examineDatabase(database, options, context) : undefined;
    if (early !== undefined && !early.findings.some(({ remedy }) => remedy !== undefined)) {
      return report(early, done, backup.directory);
    }
    await ensureDirectories(database, context.files);
    const finished = await lock.hold(async (held) => {
      const check = early ?? (await examineDatabase(database, options, context));
      if (!(await isStillSo(check, context))) return undefined;
      const repair = new Repair(database, check, backup, held, context, done);
      return (await repair.run()) ? check : undefined;
    });
    if (finished !== undefined) return report(finished, done, backup.directory);
  }
  throw new ArtdaqDbError(
    `${database} is being written all the time; stop the programs that write to it, then repair it`,
    { retryable: true },
  );
}

async function reportOnly(
  database: string,
  options: CheckOptions,
  context: CheckContext,
): Promise<RepairReport> {
  let check = await examineDatabase(database, options, context);
  for (let attempt = 2; check.findings.length > 0 && !(await isStillSo(check, context)); attempt++) {
    if (attempt > ATTEMPTS) {
      const note = 'the database was being written during the check: some findings may be runs on their way';
      return report({ ...check, notes: [...check.notes, note] }, [], undefined);
    }
    check = await examineDatabase(database, options, context);
  }
  return report(check, [], undefined);
}

function report(
  { findings, notes, plans }: DatabaseCheck,
  done: readonly string[],
  backup: string | undefined,
): RepairReport {
  const documents = plans.reduce((count, { check }) => count + countDocuments(check.scan), 0);
  return { findings, notes, done, backup, documents };
}

/** Does under the lock what a check has planned. */
class Repair {
  readonly #database: string;
  readonly #check: DatabaseCheck;
  readonly #backup: Backup;
  readonly #lock: HeldLock;
  readonly #context: CheckContext;
  /** What was done, in words. */
  readonly #done: string[];
  /** The indexes that were written here. */
  readonly #signatures = new Map<RepairPlan, string>();

  constructor(
    database: string,
    check: DatabaseCheck,
    backup: Backup,
    lock: HeldLock,
    context: CheckContext,
    done: string[],
  ) {
    this.#database = database;
    this.#check = check;
    this.#backup = backup;
    this.#lock = lock;
    this.#context = context;
    this.#done = done;
  }

  /**
   * Whatever stops it, no run counts as stored that isn't: schemas are taken out first, then RunHistory is repaired, then
   * schemas are added.
   * @returns false if another program wrote an index meanwhile
   */
  async run(): Promise<boolean> {
    const { plans, metadata } = this.#check;
    const layout = plans.find(({ check }) => check.scan.name === 'SystemLayout');
    try {
      if (layout !== undefined && layout.setAside.size > 0) await this.#takeSchemasOut(layout);
      for (const plan of plans) {
        if (plan === layout) continue;
        if (plan.isChanged) await this.#writeIndex(plan, plan.wanted);
        await this.#moveFiles(plan);
      }
      if (layout?.isChanged && (layout.added.size > 0 || !this.#signatures.has(layout))) {
        await this.#writeIndex(layout, layout.wanted);
      }
      for (const name of metadata.setAside) await this.#moveFile(join(this.#database, SYSTEM_METADATA, name));
    } catch (error) {
      if (error instanceof IndexChangedError) return false;
      throw error;
    }
    if (metadata.isMissing) await this.#makeMetadata();
    return true;
  }

  async #takeSchemasOut(layout: RepairPlan): Promise<void> {
    // An unreadable index lists nothing that would have to go first.
    if (layout.check.scan.broken === undefined && layout.isChanged) {
      await this.#writeIndex(layout, new Map([...layout.wanted].filter(([id]) => !layout.added.has(id))));
    }
    await this.#moveFiles(layout);
  }

  /** Replaces an index, after a copy of the one that was found went to the backup. */
  async #writeIndex(plan: RepairPlan, entries: Entries): Promise<void> {
    const { index, content, signature: found } = plan.check.scan;
    this.#context.throwIfStopped();
    const written = this.#signatures.get(plan);
    if (written === undefined && found !== undefined) await this.#backup.keep(index.path);
    const bytes = indexBytes({ entries, stamps: plan.check.stampsFor(entries) }, content);
    const signature = await index.write(bytes, written ?? found, async () => this.#lock.confirm());
    if (signature === undefined) throw changedMeanwhile(index.path);
    this.#signatures.set(plan, signature);
    this.#done.push(`wrote ${index.path}, which lists ${entries.size} documents`);
  }

  async #moveFiles(plan: RepairPlan): Promise<void> {
    for (const name of plan.setAside) await this.#moveFile(join(plan.check.scan.directory, name));
  }

  async #moveFile(path: string): Promise<void> {
    this.#context.throwIfStopped();
    this.#lock.confirm();
    await this.#backup.take(path);
    this.#done.push(`moved ${path} to the backup`);
  }

  async #makeMetadata(): Promise<void> {
    const location = `filesystemdb://${this.#database}`;
    const { now, files } = this.#context;
    await ensureMetadata(this.#database, location, thisOrigin(''), new Date(now()), files);
    this.#done.push('made the document about the database');
  }
}
