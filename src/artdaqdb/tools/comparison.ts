import { ArtdaqDbError, ArtdaqDbPresenceError } from '../../errors.ts';
import { readStored } from '../../fhicl/document.ts';
import { entityOf, SCHEMA_FILE } from '../../fhicl/fhicl-file.ts';
import type { ExportedDocument } from '../run-export.ts';
import type { NewDocument, Submission } from '../submission.ts';
import { detailsOf, type SiteTrouble } from './site-trouble.ts';

/** A document on its way into the database, with the text that it is exported as. */
export interface WantedDocument extends NewDocument {
  readonly fhicl: string;
}

/** A submission's documents, ready to be compared with what is stored. */
export function wantedDocuments({ documents }: Submission): WantedDocument[] {
  return documents.map((document) => ({ ...document, fhicl: readStored(document.bytes.toString()).fhicl }));
}

/**
 * The documents that are not stored yet.
 * @param wanted documents of one insert or update
 * @param stored all that is there under the configuration name
 * @throws ArtdaqDbError (insert), ArtdaqDbPresenceError (update) if one is there with another content
 * @throws ArtdaqDbError if something is there that a run which is not stored yet can't have
 */
export function missingDocuments(
  submission: Submission,
  wanted: readonly WantedDocument[],
  stored: readonly ExportedDocument[],
): WantedDocument[] {
  for (const document of stored) {
    const match = wanted.find(({ entry }) => entry.entity === document.entry.entity);
    if (match === undefined ? submission.kind === 'insert' : !isSame(document, match)) {
      throw inTheWay(submission, document);
    }
  }
  return wanted.filter(({ entry }) => !stored.some((document) => document.entry.entity === entry.entity));
}

/**
 * Makes sure that documents are stored: each once, and as they were sent.
 * @param trouble what bulkloader complained of: the reason if any are missing
 * @throws ArtdaqDbError naming what is missing (retryable: a repeat loads just that), doubled or altered
 */
export function confirmStored(
  { run, configuration }: Submission,
  wanted: readonly WantedDocument[],
  stored: readonly ExportedDocument[],
  trouble?: SiteTrouble,
): void {
  const missing: string[] = [];
  const faulty: string[] = [];
  for (const document of wanted) {
    const { entity } = document.entry;
    const found = stored.filter(({ entry }) => entry.entity === entity);
    if (found.length === 0) missing.push(`${entity} is missing`);
    else if (found.some((each) => !isSame(each, document))) faulty.push(`${entity} is not what was sent`);
    else if (found.length > 1) faulty.push(`${entity} is there ${found.length} times`);
  }
  if (missing.length + faulty.length === 0) return;
  const isVisible = stored.some(({ entry }) => entry.entity === entityOf({ name: SCHEMA_FILE }));
  const state = isVisible
    ? `counts as archived under '${configuration}', but is not stored as it was sent`
    : `is half stored under '${configuration}' and does not count as archived`;
  const advice =
    faulty.length === 0
      ? `${trouble === undefined ? '' : `It says why: ${trouble.text}. `}The next attempt loads what is missing`
      : 'Take the faulty documents out (bin/repair-filesystemdb or the artdaq tools), or store the run with artdaq_db.use_tools: false';
  throw new ArtdaqDbError(
    `Run ${run} ${state}, though bulkloader reported no fault: ` +
      `${[...missing, ...faulty].join(', ')}. ${advice}`,
    { run, retryable: faulty.length === 0, ...(faulty.length === 0 ? detailsOf(trouble) : undefined) },
  );
}

function isSame(stored: ExportedDocument, wanted: WantedDocument): boolean {
  return !stored.isReduced && stored.fhicl === wanted.fhicl;
}

function inTheWay(
  { kind, run, configuration }: Submission,
  { entry, place }: ExportedDocument,
): ArtdaqDbError {
  if (kind === 'update') {
    return new ArtdaqDbPresenceError(
      `Run ${run} has a document '${entry.entity}' with other content under '${configuration}' already`,
      { run, fault: 'run' },
    );
  }
  return new ArtdaqDbError(
    `Run ${run} is half stored under '${configuration}', and its document '${entry.entity}' (${place}) is not what the run record ` +
      'gives; take that document out with the artdaq tools, or store the run with artdaq_db.use_tools: false',
    { run, fault: 'run' },
  );
}
