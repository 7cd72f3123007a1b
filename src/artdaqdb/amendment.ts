import { ArtdaqDbError } from '../errors.ts';
import { amendedJson, sameContent } from '../fhicl/document.ts';
import { entityOf, type FhiclFile } from '../fhicl/fhicl-file.ts';
import type { RunNumber } from '../runs/run-number.ts';
import type { AmendOutcome } from './artdaqdb.ts';
import type { StoredDocument } from './stored-document.ts';
import { type NewDocument, submission } from './submission.ts';

/** A new content for one document of a stored run. */
export interface Amendment {
  readonly run: RunNumber;
  /** Name in the database, `<run>/<config>`. */
  readonly configuration: string;
  readonly file: FhiclFile;
  /** The document as an insert would store it. */
  readonly document: NewDocument;
  /** Decides by the stored FHiCL text. */
  readonly mayReplace: (stored: string) => boolean;
}

/** A stored document and the JSON that takes its place. */
export interface Replacement {
  readonly id: string;
  readonly stored: string;
  readonly json: string;
}

/** What an amendment has to write; nothing unless the outcome is `replaced`. */
export interface AmendmentPlan {
  readonly outcome: AmendOutcome;
  readonly replacements: readonly Replacement[];
}

/**
 * Reads what is to be stored.
 * @throws FhiclError naming file, line and column; ArtdaqDbError if a name can't be stored
 */
export async function amendmentOf(
  run: RunNumber,
  config: string,
  file: FhiclFile,
  mayReplace: Amendment['mayReplace'],
  now: () => Date,
): Promise<Amendment> {
  const { configuration, documents } = await submission('update', run, config, [file], now);
  const [document] = documents;
  if (document === undefined) throw new Error('a submission of one file has no document');
  return { run, configuration, file, document, mayReplace };
}

/** Picks the documents that an amendment is about while a run's documents are read one by one. */
export function ofEntity({ file }: Amendment): (document: StoredDocument) => readonly StoredDocument[] {
  const entity = entityOf(file);
  return (document) => (document.entry.entity === entity ? [document] : []);
}

/**
 * Compares an amendment with the stored documents of that entity. All copies of one content, as the C++ tools may have stored
 * them, are replaced, except those that an interrupted amendment has replaced already.
 * @throws ArtdaqDbError if nothing tells which of several contents is the run's
 */
export function planAmendment(amendment: Amendment, stored: readonly StoredDocument[]): AmendmentPlan {
  const { run, configuration, file, document, mayReplace } = amendment;
  const text = document.bytes.toString();
  const others = stored.filter(({ json }) => !sameContent(json, text));
  const [first] = others;
  if (first === undefined) return { outcome: stored.length > 0 ? 'equal' : 'absent', replacements: [] };
  const odd = others.find(({ json }) => !sameContent(json, first.json));
  if (odd !== undefined) {
    throw new ArtdaqDbError(
      `Run ${run} has '${entityOf(file)}' twice with different content under '${configuration}' (${first.place} and ` +
        `${odd.place}), so neither was replaced; take the wrong one out with the artdaq tools`,
      { run, fault: 'run' },
    );
  }
  if (!mayReplace(first.fhicl)) return { outcome: 'kept', replacements: [] };
  const replacements = others.map(({ entry, json }) => ({
    id: entry.id,
    stored: json,
    json: amendedJson(json, file),
  }));
  return { outcome: 'replaced', replacements };
}
