import { thisOrigin } from '../../src/artdaqdb/database-description.ts';
import { ensureDirectories, ensureMetadata } from '../../src/artdaqdb/filesystem/database-directories.ts';
import { DatabaseLock } from '../../src/artdaqdb/filesystem/database-lock.ts';
import { IndexChangedError } from '../../src/artdaqdb/filesystem/index/index-file.ts';
import { ArtdaqDbError } from '../../src/errors.ts';
import { currentOwner } from '../../src/lock/owner.ts';
import type { Logger } from '../../src/log/logger.ts';
import { Backup, refuseInside } from './backup.ts';
import type { CheckContext } from './collection-scan.ts';
import { type CheckOptions, checkDatabase, type DatabaseCheck, isStillSo } from './database-check.ts';
import type { Finding } from './finding.ts';
import { mend } from './mend.ts';

/** What a repair is to do. */
export interface RepairOptions extends CheckOptions {
  /** False: nothing at all is changed. */
  readonly apply: boolean;
  /** Holds the backup of each repair. */
  readonly backupParent: string;
  /** Hears of waiting for another archiver. */
  readonly logger: Logger;
}

/** What was found and done. */
export interface RepairReport {
  readonly findings: readonly Finding[];
  readonly notes: readonly string[];
  /** What was done, in order; nothing without `apply`. */
  readonly done: readonly string[];
  /** Where replaced and removed files are, if there are any. */
  readonly backup: string | undefined;
  readonly documents: number;
}

/** Programs that don't know our lock may write at the same time; then the check starts over. */
const ATTEMPTS = 4;

/**
 * Checks a FilesystemDB, and mends what can be told for certain. The check works without the lock, so that archivers go on
 * meanwhile; if something changed until the lock was there, it starts over, the last time under the lock.
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
    const early = attempt < ATTEMPTS ? await checkDatabase(database, options, context) : undefined;
    if (early !== undefined && !early.findings.some(({ remedy }) => remedy !== undefined)) {
      return report(early, done, backup.directory);
    }
    await ensureDirectories(database, context.files);
    const finished = await lock.hold(async (held) => {
      const check = early ?? (await checkDatabase(database, options, context));
      if (!(await isStillSo(check, context))) return undefined;
      try {
        await mend(check, database, {
          backup,
          lock: held,
          throwIfStopped: context.throwIfStopped,
          done: (what) => done.push(what),
        });
      } catch (error) {
        if (error instanceof IndexChangedError) return undefined;
        throw error;
      }
      if (check.metadata.isMissing) {
        const location = `filesystemdb://${database}`;
        await ensureMetadata(database, location, thisOrigin(''), new Date(context.now()), context.files);
        done.push('made the document about the database');
      }
      return check;
    });
    if (finished !== undefined) return report(finished, done, backup.directory);
  }
  throw new ArtdaqDbError(
    `${database} is being written all the time; stop the programs that write to it, then mend it`,
    { retryable: true },
  );
}

async function reportOnly(
  database: string,
  options: CheckOptions,
  context: CheckContext,
): Promise<RepairReport> {
  let check = await checkDatabase(database, options, context);
  for (let attempt = 2; check.findings.length > 0 && !(await isStillSo(check, context)); attempt++) {
    if (attempt > ATTEMPTS) {
      const note = 'the database was being written during the check: some findings may be runs on their way';
      return report({ ...check, notes: [...check.notes, note] }, [], undefined);
    }
    check = await checkDatabase(database, options, context);
  }
  return report(check, [], undefined);
}

function report(
  { findings, notes, collections }: DatabaseCheck,
  done: readonly string[],
  backup: string | undefined,
): RepairReport {
  const documents = collections.reduce((count, { check }) => count + check.scan.documents.size, 0);
  return { findings, notes, done, backup, documents };
}
