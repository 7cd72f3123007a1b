import { setImmediate } from 'node:timers/promises';
import { ArtdaqDbError, type ErrorFault } from '../errors.ts';
import { type Collection, formatTimestamp, toStoredBytes } from '../fhicl/document.ts';
import { entityOf, type FhiclFile, SCHEMA_FILE } from '../fhicl/fhicl-file.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { configOf, configurationName } from './configuration-name.ts';
import { type DocumentEntry, ownObjectId } from './stored-document.ts';

/** The document in SystemLayout by which a run counts as stored. */
const SCHEMA_ENTITY = entityOf({ name: SCHEMA_FILE });

/** A FHiCL file in the form in which it is stored. */
export interface NewDocument {
  readonly file: FhiclFile;
  readonly collection: Collection;
  /** The stored JSON, as bytes: a text made of many pieces takes many times its length in memory. */
  readonly bytes: Buffer;
  readonly entry: DocumentEntry;
}

/** What one insert or update stores. */
export interface Submission {
  readonly kind: 'insert' | 'update';
  readonly run: RunNumber;
  /** Name in the database, `<run>/<config>`. */
  readonly configuration: string;
  readonly documents: readonly NewDocument[];
}

/**
 * Converts a run's files to stored documents.
 * @throws FhiclError naming file, line and column
 * @throws ArtdaqDbError if the names can't be stored
 */
export async function submission(
  kind: Submission['kind'],
  run: RunNumber,
  config: string,
  files: readonly FhiclFile[],
  now: () => Date,
): Promise<Submission> {
  const configuration = configurationName(run, config);
  refuseBadEntities(run, kind, files.map(entityOf));
  const documents: NewDocument[] = [];
  for (const file of files) {
    documents.push(newDocument(run, configuration, file, now()));
    await setImmediate(); // A big record takes a while, and signals and other runs must get their turn.
  }
  return { kind, run, configuration, documents };
}

/** Whose fault it is if the content of a file can't be stored. All runs share the schema. */
export function faultOfContent({ name }: Pick<FhiclFile, 'name'>): ErrorFault {
  return name === SCHEMA_FILE ? 'site' : 'run';
}

/** The same document under another id. */
export function withId(document: NewDocument, run: RunNumber, id: string, now: Date): NewDocument {
  return newDocument(run, document.entry.version, document.file, now, id);
}

function newDocument(
  run: RunNumber,
  configuration: string,
  file: FhiclFile,
  now: Date,
  givenId?: string,
): NewDocument {
  const entity = entityOf(file);
  const collection = entity === SCHEMA_ENTITY ? 'SystemLayout' : 'RunHistory';
  const id = givenId ?? ownObjectId(collection, configuration, entity);
  const config = configOf(configuration);
  const bytes = toStoredBytes(file.text, { entity, run, config, collection, id, now });
  const configurations = [{ name: configuration, assigned: formatTimestamp(now) }];
  const entry = { id, version: configuration, entity, configurations, runs: [String(run)] };
  return { file, collection, bytes, entry };
}

function refuseBadEntities(run: RunNumber, kind: Submission['kind'], entities: readonly string[]): void {
  const seen = new Set<string>();
  for (const entity of entities) {
    if (!/^[\x20-\x7e]+$/.test(entity) || entity.includes('/')) {
      throw new ArtdaqDbError(
        `Run ${run} has a file '${entity}.fcl', whose name artdaqDB can't hold: printable ASCII only`,
        { run, fault: 'run' },
      );
    }
    if (seen.has(entity)) {
      throw new ArtdaqDbError(`Run ${run} has more than one file '${entity}.fcl'; rename one`, {
        run,
        fault: 'run',
      });
    }
    seen.add(entity);
  }
  if (kind === 'insert' && !seen.has(SCHEMA_ENTITY)) {
    throw new ArtdaqDbError(`Run ${run} can't be stored without ${SCHEMA_FILE}`, { run });
  }
}
