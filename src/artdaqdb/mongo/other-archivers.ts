import { ArtdaqDbError } from '../../errors.ts';
import { sameContent } from '../../fhicl/document.ts';
import type { CollectionPlan } from '../run-plan.ts';
import { assignedTo, type DocumentEntry } from '../stored-document.ts';
import type { NewDocument, Submission } from '../submission.ts';
import type { FoundDocuments } from './stored-run.ts';

/** Leftovers that were written less than this ago may belong to an archiver that is still at work. */
const AT_WORK_MS = 5 * 60_000;
/** After this long our own documents may soon be taken for leftovers. */
const LONGEST_INSERT_MS = AT_WORK_MS / 2;

/** Another archiver stores the run, or may do so. */
export class OtherArchiverError extends ArtdaqDbError {}

/** Leftovers of ours in whose place something else is to be stored, as they were found. */
export function replacedBy({ write, fresh }: CollectionPlan, found: FoundDocuments): DocumentEntry[] {
  const isNew = new Set(fresh);
  return write.flatMap(({ entry: { id } }) => (isNew.has(id) ? [] : (found.entry(id) ?? [])));
}

/**
 * Two versions of a run must not mix: leftovers with another content are only replaced once nobody can be at work on them.
 * @throws ArtdaqDbError, to be tried again later
 */
export async function refuseIfAtWork(
  submission: Submission,
  plan: CollectionPlan,
  found: FoundDocuments,
  now: Date,
): Promise<void> {
  const ids = [...replacedBy(plan, found), ...plan.removed].map(({ id }) => id);
  const times = await found.read(ids, (document) => assignedTo(document, submission.configuration));
  // The clock of the other one may be ahead of ours.
  if (times.some((time) => Math.abs(now.getTime() - time) < AT_WORK_MS)) throw archiverAtWork(submission);
}

/**
 * An insert that took very long may not complete a run whose documents somebody may be replacing.
 * @throws OtherArchiverError, to be tried again
 */
export function refuseIfLate({ run, configuration, documents }: Submission, now: Date): void {
  const began = Math.min(...documents.map((document) => assignedTo(document, configuration)));
  if (now.getTime() - began <= LONGEST_INSERT_MS) return;
  throw new OtherArchiverError(
    `Run ${run} took so long to be stored that another archiver may take it for given up; another attempt completes it`,
    { run, retryable: true },
  );
}

/** Somebody else is storing the run. */
export function archiverAtWork({ run, configuration }: Submission, cause?: unknown): OtherArchiverError {
  return new OtherArchiverError(
    `Run ${run} is being stored under '${configuration}' by another archiver, or one died within the last ` +
      `${AT_WORK_MS / 60_000} minutes; try again later`,
    { run, retryable: true, ...(cause === undefined ? {} : { cause }) },
  );
}

/**
 * The plan by which equal leftovers of ours are written again instead of adopted: the stamps then say whose a document is,
 * and who made the leftovers, if it is still at work, takes away its own alone.
 * @throws OtherArchiverError if the stamps can't tell them apart
 */
export function withOwnStamps(
  submission: Submission,
  plan: CollectionPlan,
  wanted: readonly NewDocument[],
  found: FoundDocuments,
): CollectionPlan {
  const planned = new Map(plan.write.map((document) => [document.entry.entity, document]));
  const listed = new Set(found.listed);
  const write = wanted.flatMap((document) => {
    const other = planned.get(document.entry.entity);
    return other ?? (listed.has(document.entry.id) ? document : []);
  });
  const stampsOf = ({ configurations }: DocumentEntry): string => JSON.stringify(configurations);
  for (const { entry } of write) {
    const leftover = found.entry(entry.id);
    if (leftover && stampsOf(leftover) === stampsOf(entry)) throw archiverAtWork(submission);
  }
  return { ...plan, write };
}

/**
 * How a stored run differs from the one that was to be stored, for a message: a run that another archiver stored at the same
 * time from another state of the record must not pass for the same. Empty if it does not.
 */
export async function differenceFrom(
  { documents }: Submission,
  history: Pick<FoundDocuments, 'name' | 'listed' | 'read'>,
): Promise<string> {
  const stored = await history.read(history.listed, ({ entry, json }) => ({ entity: entry.entity, json }));
  const wanted = documents.filter(({ collection }) => collection === history.name);
  const entities = new Set(wanted.map(({ entry }) => entry.entity));
  const extra = stored.map(({ entity }) => entity).filter((entity) => !entities.has(entity));
  const isStored = ({ bytes, entry }: NewDocument): boolean =>
    stored.some(({ entity, json }) => entity === entry.entity && sameContent(json, bytes.toString()));
  const other = wanted.filter((document) => !isStored(document)).map(({ entry }) => entry.entity);
  const parts = [
    ...(other.length > 0 ? [`not with these documents as they were to be stored: ${other.join(', ')}`] : []),
    ...(extra.length > 0 ? [`with others as well: ${[...new Set(extra)].join(', ')}`] : []),
  ];
  return parts.length === 0 ? '' : `, but ${parts.join('; ')}`;
}
