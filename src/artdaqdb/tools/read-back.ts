import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ArtdaqDbError } from '../../errors.ts';
import { readStored } from '../../fhicl/document.ts';
import { entityOf, type FhiclFile, SCHEMA_FILE } from '../../fhicl/fhicl-file.ts';
import type { RunNumber } from '../../runs/run-number.ts';
import { undefinedIfMissing } from '../../system-error.ts';
import { otherContent } from '../presence.ts';
import type { ExportedDocument } from '../stored-document.ts';
import type { NewDocument, Submission } from '../submission.ts';
import { detailsOf } from './tool-exit.ts';
import type { SiteTrouble } from './tool-host.ts';
import { exportFolder } from './tool-limits.ts';

/** A document on its way into the database, with the text of its export. */
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
 * @param stored all documents under the configuration name
 * @throws ArtdaqDbError (insert), ArtdaqDbPresenceError (update) if one is stored with another content
 * @throws ArtdaqDbError (insert) if a stored document does not belong to the run
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
 * Makes sure that documents are stored once and as they were sent.
 * @param trouble what bulkloader complained of: the reason if any are missing
 * @throws ArtdaqDbError naming what is missing (retryable: another attempt loads only that), doubled or altered
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

function inTheWay(submission: Submission, { entry, place }: ExportedDocument): ArtdaqDbError {
  const { kind, run, configuration } = submission;
  if (kind === 'update') return otherContent(submission, entry.entity);
  return new ArtdaqDbError(
    `Run ${run} is half stored under '${configuration}', and its document '${entry.entity}' (${place}) is not what the run record ` +
      'gives; take that document out with the artdaq tools, or store the run with artdaq_db.use_tools: false',
    { run, fault: 'run' },
  );
}

/** The directory below `directory` that bulkdownloader fills with all files but the schema. */
export function filesDirectory(directory: string, config: string): string {
  return join(directory, exportFolder(config));
}

/**
 * The files that bulkdownloader wrote.
 * @param stored the files that our own reader finds in the database
 * @param trouble what bulkdownloader complained of: the reason if any are missing or cut short
 * @throws ArtdaqDbError naming the files that are missing, cut short (both retryable), not in the database or different
 */
export async function readExported(
  run: RunNumber,
  directory: string,
  config: string,
  stored: readonly FhiclFile[],
  trouble?: SiteTrouble,
): Promise<FhiclFile[]> {
  const faults: string[] = [];
  let mayPass = true;
  const exported: FhiclFile[] = [];
  for (const { name, text: expected } of stored) {
    const path = join(name === SCHEMA_FILE ? directory : filesDirectory(directory, config), name);
    const text = await readFile(path, 'latin1').catch(undefinedIfMissing);
    if (text === undefined) faults.push(`${name} is missing`);
    else if (text === expected) exported.push({ name, text });
    else if (expected.startsWith(text)) faults.push(`${name} is cut short`);
    else {
      mayPass = false;
      faults.push(`${name} is not what the database holds`);
    }
  }
  const known = new Set(stored.map(({ name }) => name));
  for (const name of await fclFiles(directory, config)) {
    if (known.has(name)) continue;
    mayPass = false;
    faults.push(`${name} is not in the database`);
  }
  if (faults.length === 0) return exported;
  throw new ArtdaqDbError(
    `Run ${run} was not exported as it is stored, though bulkdownloader reported success: ${faults.join(', ')}. ` +
      (mayPass && trouble !== undefined
        ? `It says why: ${trouble.text}`
        : 'If that stays so, export the run with artdaq_db.use_tools: false'),
    { run, retryable: mayPass, ...(mayPass ? detailsOf(trouble) : undefined) },
  );
}

async function fclFiles(directory: string, config: string): Promise<string[]> {
  const names = new Set<string>();
  for (const place of [directory, filesDirectory(directory, config)]) {
    for (const entry of await readdir(place, { withFileTypes: true })) {
      // The configuration's directory may have such a name.
      if (entry.name.endsWith('.fcl') && !entry.isDirectory()) names.add(entry.name);
    }
  }
  return [...names];
}
