import { join } from 'node:path';
import { SYSTEM_METADATA } from '../../src/artdaqdb/database-description.ts';
import { OBJECT_ID } from '../../src/artdaqdb/stored-document.ts';
import { ConfigurationError, messageOf } from '../../src/errors.ts';
import { readJsonObject } from '../../src/fhicl/json.ts';
import { undefinedIfMissing } from '../../src/system-error.ts';
import { CollectionCheck, type ReadingDepth } from './collection-check.ts';
import { type CheckContext, isUnchanged, TEMPORARY_FILE } from './collection-scan.ts';
import { type PlanOptions, RepairPlan } from './repair-plan.ts';
import type { DatabaseFinding } from './report.ts';
import { type RunOptions, StoredRuns } from './stored-runs.ts';

/** How to check, and what a repair may do. */
export interface CheckOptions extends ReadingDepth, PlanOptions, RunOptions {}

/** A database as it was found, with what is wrong and a plan for each collection. */
export interface DatabaseCheck {
  readonly findings: readonly DatabaseFinding[];
  /** What is no fault, but should be known. */
  readonly notes: readonly string[];
  readonly plans: readonly RepairPlan[];
  readonly metadata: MetadataCheck;
}

const HISTORY = 'RunHistory';
const LAYOUT = 'SystemLayout';

/**
 * Checks a whole database without changing anything.
 * @throws ConfigurationError if the directory is no FilesystemDB; the system's error if it can't be read
 */
export async function examineDatabase(
  database: string,
  options: CheckOptions,
  context: CheckContext,
): Promise<DatabaseCheck> {
  const { names, notes } = await collectionNames(database, context);
  const plans: RepairPlan[] = [];
  for (const name of names) {
    const check = await CollectionCheck.of(join(database, name), options, context);
    plans.push(await RepairPlan.of(check, options));
  }
  const runs = await planRuns(plans, options, context);
  for (const plan of plans) plan.finish();
  const metadata = await checkMetadata(database, options.setAside, context);
  return {
    findings: [...metadata.findings, ...plans.flatMap(({ findings }) => findings), ...(runs?.findings ?? [])],
    notes: [...notes, ...plans.flatMap((plan) => plan.notes), ...(runs?.notes ?? [])],
    plans,
    metadata,
  };
}

/** Are indexes and directories still as they were during the check? */
export async function isStillSo({ plans }: DatabaseCheck, context: CheckContext): Promise<boolean> {
  const unchanged = await Promise.all(plans.map(({ check }) => isUnchanged(check.scan, context.files)));
  return !unchanged.includes(false);
}

async function planRuns(
  plans: readonly RepairPlan[],
  options: RunOptions,
  { files, now, settleMilliseconds }: CheckContext,
): Promise<StoredRuns | undefined> {
  const [history, layout] = [HISTORY, LAYOUT].map((name) =>
    plans.find(({ check }) => check.scan.name === name),
  );
  if (history === undefined || layout === undefined) return undefined;
  const runs = new StoredRuns(history, layout, options);
  await runs.decide(async (id) => {
    const stats = await files.stat(history.check.reader.pathOf(id)).catch(undefinedIfMissing);
    return stats !== undefined && Math.abs(now() - stats.mtimeMs) < settleMilliseconds;
  });
  return runs;
}

/** The directories of a database that hold documents. */
async function collectionNames(
  database: string,
  { files }: CheckContext,
): Promise<{ names: string[]; notes: string[] }> {
  const present = await files.readdir(database, { withFileTypes: true });
  const notes: string[] = [];
  const names: string[] = [];
  let isDatabase = present.some((entry) => entry.name === SYSTEM_METADATA && entry.isDirectory());
  for (const { name } of present.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const path = join(database, name);
    if (name === SYSTEM_METADATA) continue;
    if (!(await files.stat(path).catch(undefinedIfMissing))?.isDirectory()) {
      notes.push(`${path} is no part of a database; the C++ tools don't look at it`);
      continue;
    }
    const isRuns = name === HISTORY || name === LAYOUT;
    const hasContent = await holdsContent(path, files);
    if (isRuns || hasContent) names.push(name);
    else notes.push(`${path} is no collection, but the C++ tools take it for one`);
    isDatabase ||= isRuns && hasContent;
  }
  if (!isDatabase) {
    throw new ConfigurationError(
      `${database} is no FilesystemDB: it has no ${SYSTEM_METADATA}, nor documents in ${HISTORY} or ${LAYOUT}`,
    );
  }
  return { names, notes };
}

/** Is there anything of a collection in a directory? One look at a few of a million names tells. */
async function holdsContent(path: string, files: CheckContext['files']): Promise<boolean> {
  const directory = await files.opendir(path);
  try {
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      if (isOfCollection(entry.name)) return true;
    }
    return false;
  } finally {
    await directory.close();
  }
}

function isOfCollection(name: string): boolean {
  return name === 'index.json' || (name.endsWith('.json') && OBJECT_ID.test(name.slice(0, -'.json'.length)));
}

/** What is wrong with the collection that describes the database. */
interface MetadataCheck {
  readonly findings: readonly DatabaseFinding[];
  /** It lacks its document, which the first use makes. */
  readonly isMissing: boolean;
  /** Names of files that go to the backup. */
  readonly setAside: readonly string[];
}

/** This project keeps its lock in the same directory. */
const OURS = /^\.run-record-archiver/;

/** Looks at SystemMetadata. The C++ tools take each file in it for a document, and don't use its index. */
async function checkMetadata(
  database: string,
  isSetAside: boolean,
  { files, now, settleMilliseconds }: CheckContext,
): Promise<MetadataCheck> {
  const directory = join(database, SYSTEM_METADATA);
  const names = (await files.readdir(directory).catch(undefinedIfMissing)) ?? [];
  const findings: DatabaseFinding[] = [];
  const setAside: string[] = [];
  const report = (
    kind: DatabaseFinding['kind'],
    name: string,
    problem: string,
    what: Partial<DatabaseFinding> = {},
  ): void => {
    findings.push({ kind, collection: SYSTEM_METADATA, file: join(directory, name), problem, ...what });
  };
  const documents = names.filter(
    (name) => OBJECT_ID.test(name.replace(/\.json$/, '')) && name.endsWith('.json'),
  );
  for (const name of documents) {
    try {
      readJsonObject(String(await files.readFile(join(directory, name))));
    } catch (error) {
      report('unreadable document', name, messageOf(error), { advice: 'restore it from a backup' });
    }
  }
  for (const name of names) {
    if (documents.includes(name) || name === 'index.json' || OURS.test(name)) continue;
    const stats = await files.stat(join(directory, name)).catch(undefinedIfMissing);
    const isYoung = stats !== undefined && Math.abs(now() - stats.mtimeMs) < settleMilliseconds;
    if (stats === undefined || stats.isDirectory() || isYoung) continue;
    const isLeftover = TEMPORARY_FILE.test(name);
    const isMoved = isLeftover || isSetAside;
    if (isMoved) setAside.push(name);
    report(
      isLeftover ? 'leftover file' : 'foreign file',
      name,
      isLeftover ? 'an interrupted write left it' : 'the C++ tools take it for a document',
      isMoved ? { remedy: 'move it to the backup' } : {},
    );
  }
  for (const name of documents.slice(1)) {
    report('duplicate document', name, 'the database is described more than once');
  }
  const isMissing = documents.length === 0;
  if (isMissing) {
    findings.push({
      kind: 'missing metadata',
      collection: SYSTEM_METADATA,
      file: directory,
      problem: 'there is no document about the database',
      remedy: 'make it as on first use',
    });
  }
  return { findings, isMissing, setAside };
}
