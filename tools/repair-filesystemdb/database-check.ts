import { join } from 'node:path';
import { SYSTEM_METADATA } from '../../src/artdaqdb/database-description.ts';
import { OBJECT_ID } from '../../src/artdaqdb/stored-document.ts';
import { ConfigurationError } from '../../src/errors.ts';
import { undefinedIfMissing } from '../../src/system-error.ts';
import { CollectionCheck, type ReadingDepth } from './collection-check.ts';
import { CollectionPlan, type PlanOptions } from './collection-plan.ts';
import { type CheckContext, isUnchanged } from './collection-scan.ts';
import type { Finding } from './finding.ts';
import { checkMetadata, type MetadataCheck } from './metadata-check.ts';
import { type RunOptions, StoredRuns } from './stored-runs.ts';

/** How to check, and what mending may do. */
export interface CheckOptions extends ReadingDepth, PlanOptions, RunOptions {}

/** A database as it was found, with what is wrong and a plan for each collection. */
export interface DatabaseCheck {
  readonly findings: readonly Finding[];
  /** What is no fault, but should be known. */
  readonly notes: readonly string[];
  readonly collections: readonly CollectionPlan[];
  readonly metadata: MetadataCheck;
}

const HISTORY = 'RunHistory';
const LAYOUT = 'SystemLayout';

/**
 * Checks a whole database without changing anything.
 * @throws ConfigurationError if the directory is no FilesystemDB; the system's error if it can't be read
 */
export async function checkDatabase(
  database: string,
  options: CheckOptions,
  context: CheckContext,
): Promise<DatabaseCheck> {
  const { names, notes } = await collectionNames(database, context);
  const collections: CollectionPlan[] = [];
  for (const name of names) {
    const check = await CollectionCheck.of(join(database, name), options, context);
    collections.push(await CollectionPlan.of(check, options));
  }
  const runs = await planRuns(collections, options, context);
  for (const plan of collections) plan.finish();
  const metadata = await checkMetadata(database, options.setAside, context);
  return {
    findings: [
      ...metadata.findings,
      ...collections.flatMap(({ findings }) => findings),
      ...(runs?.findings ?? []),
    ],
    notes: [...notes, ...collections.flatMap((plan) => plan.notes), ...(runs?.notes ?? [])],
    collections,
    metadata,
  };
}

/** Are indexes and directories still as they were when they were checked? */
export async function isStillSo({ collections }: DatabaseCheck, context: CheckContext): Promise<boolean> {
  const unchanged = await Promise.all(collections.map(({ check }) => isUnchanged(check.scan, context.files)));
  return !unchanged.includes(false);
}

async function planRuns(
  collections: readonly CollectionPlan[],
  options: RunOptions,
  { files, now, settleMilliseconds }: CheckContext,
): Promise<StoredRuns | undefined> {
  const [history, layout] = [HISTORY, LAYOUT].map((name) =>
    collections.find(({ check }) => check.scan.name === name),
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
    const hasContent = (await files.readdir(path)).some(isOfCollection);
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

function isOfCollection(name: string): boolean {
  return name === 'index.json' || (name.endsWith('.json') && OBJECT_ID.test(name.slice(0, -'.json'.length)));
}
