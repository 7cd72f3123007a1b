import { ArtdaqDbError } from '../../errors.ts';
import { sameContent } from '../../fhicl/document.ts';
import type { CollectionPlan } from '../run-plan.ts';
import { assignedTo, type DocumentEntry } from '../stored-document.ts';
import type { NewDocument, Submission } from '../submission.ts';
import type { FoundDocuments } from './stored-run.ts';

/** Leftovers younger than this may belong to an archiver that is still at work. */
const AT_WORK_MS = 5 * 60_000;
/** An insert of ours that takes longer ends, because others may soon take its documents for leftovers. */
const LONGEST_INSERT_MS = AT_WORK_MS / 2;

/** Another archiver stores the run, or may be about to. */
export class OtherArchiverError extends ArtdaqDbError {}

/** Leftovers of ours that the plan replaces, as they were found. */
export function replacedBy({ write, fresh }: CollectionPlan, found: FoundDocuments): DocumentEntry[] {
  const isNew = new Set(fresh);
  return write.flatMap(({ entry: { id } }) => (isNew.has(id) ? [] : (found.entry(id) ?? [])));
}

/**
 * Two versions of a run must not mix: leftovers with another content are replaced only once nobody can be at work on them.
 * @throws OtherArchiverError (retryable)
 */
export async function refuseIfAtWork(
  submission: Submission,
  plan: CollectionPlan,
  found: FoundDocuments,
  now: Date,
): Promise<void> {
  const ids = [...replacedBy(plan, found), ...plan.removed].map(({ id }) => id);
  const times = await found.read(ids, (document) => assignedTo(document, submission.configuration));
  // The other archiver's clock may be ahead of ours.
  if (times.some((time) => Math.abs(now.getTime() - time) < AT_WORK_MS)) throw archiverAtWork(submission);
}

/**
 * An insert that took very long must not complete a run whose documents somebody may be replacing.
 * @throws OtherArchiverError (retryable)
 */
export function refuseIfLate({ run, configuration, documents }: Submission, now: Date): void {
  const began = Math.min(...documents.map((document) => assignedTo(document, configuration)));
  if (now.getTime() - began <= LONGEST_INSERT_MS) return;
  throw new OtherArchiverError(
    `Run ${run} took so long to be stored that another archiver may take it for given up; another attempt completes it`,
    { run, retryable: true },
  );
}

/** The error for a run that somebody else is storing. */
export function archiverAtWork({ run, configuration }: Submission, cause?: unknown): OtherArchiverError {
  return new OtherArchiverError(
    `Run ${run} is being stored under '${configuration}' by another archiver, or one died within the last ` +
      `${AT_WORK_MS / 60_000} minutes; try again later`,
    { run, retryable: true, ...(cause === undefined ? {} : { cause }) },
  );
}

/**
 * Changes a plan so that equal leftovers of ours are written again instead of adopted. The stamps then tell whose a document is:
 * whoever made the leftovers, if still at work, removes only its own.
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
 * How a stored run differs from the submission, for a message; empty if it does not. Another archiver may have stored the run at
 * the same time from another state of the record, which must not pass for the same.
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
