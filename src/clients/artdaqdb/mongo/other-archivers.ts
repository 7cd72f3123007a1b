import { ArtdaqDbError } from '../../../errors.ts';
import type { CollectionPlan } from '../run-plan.ts';
import { assignedTo } from '../stored-document.ts';
import type { Submission } from '../submission.ts';
import type { FoundDocuments } from './found-documents.ts';

/** Leftovers that were written less than this ago may belong to an archiver that is still at work. */
const AT_WORK_MS = 5 * 60_000;
/** After this long our own documents may soon be taken for leftovers. */
const LONGEST_INSERT_MS = AT_WORK_MS / 2;

/** Ids of leftovers of ours in whose place something else is to be stored. */
export function replacedBy({ write, fresh }: CollectionPlan, found: FoundDocuments): string[] {
  const isNew = new Set(fresh);
  return write.map(({ entry }) => entry.id).filter((id) => !isNew.has(id) && found.has(id));
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
  const ids = [...replacedBy(plan, found), ...plan.removed.map(({ id }) => id)];
  const times = await found.read(ids, (document) => assignedTo(document, submission.configuration));
  // The clock of the other one may be ahead of ours.
  if (times.some((time) => Math.abs(now.getTime() - time) < AT_WORK_MS)) throw archiverAtWork(submission);
}

/**
 * An insert that took very long may not complete a run whose documents somebody may be replacing.
 * @throws ArtdaqDbError, to be tried again
 */
export function refuseIfLate({ run, configuration, documents }: Submission, now: Date): void {
  const began = Math.min(...documents.map((document) => assignedTo(document, configuration)));
  if (now.getTime() - began <= LONGEST_INSERT_MS) return;
  throw new ArtdaqDbError(
    `Run ${run} took so long to be stored that another archiver may take it for given up; another attempt completes it`,
    { run, retryable: true },
  );
}

/** Somebody else is storing the run. */
export function archiverAtWork({ run, configuration }: Submission, cause?: unknown): ArtdaqDbError {
  return new ArtdaqDbError(
    `Run ${run} is being stored under '${configuration}' by another archiver, or one died within the last ` +
      `${AT_WORK_MS / 60_000} minutes; try again later`,
    { run, retryable: true, ...(cause === undefined ? {} : { cause }) },
  );
}
