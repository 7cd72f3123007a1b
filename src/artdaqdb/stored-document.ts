import { isUtf8 } from 'node:buffer';
import { createHash, randomBytes } from 'node:crypto';
import { ArtdaqDbError } from '../errors.ts';
import { type Collection, readStored, type StoredIdentity } from '../fhicl/document.ts';
import { readStoredQuickly } from '../fhicl/quick-export.ts';

/** The names under which a document is found. */
export type DocumentEntry = Omit<StoredIdentity, 'collection'>;

/** What an export needs of a document read from the database. */
export interface ExportedDocument {
  /** Where it is, for messages. */
  readonly place: string;
  /** Its content as FHiCL. */
  readonly fhicl: string;
  /** Its own names, with the id by which it was found. */
  readonly entry: DocumentEntry;
  /** Were bytes left out that are not UTF-8? */
  readonly isReduced: boolean;
}

/** A document read from the database. */
export interface StoredDocument extends ExportedDocument {
  /** Four times as long as the FHiCL. */
  readonly json: string;
}

/**
 * Reads a stored document.
 * @throws ArtdaqDbError naming the place if the bytes are no stored document
 */
export function storedDocument(place: string, id: string, bytes: Buffer): StoredDocument {
  return { ...exportedDocument(place, id, bytes), json: textOf(bytes) };
}

/**
 * Reads a stored document for an export. Keeps nothing of the bytes.
 * @throws ArtdaqDbError naming the place if they are no stored document
 */
export function exportedDocument(place: string, id: string, bytes: Buffer): ExportedDocument {
  try {
    const { entity, version, configurations, runs, fhicl } =
      readStoredQuickly(bytes) ?? readStored(textOf(bytes));
    return { place, fhicl, isReduced: !isUtf8(bytes), entry: { id, entity, version, configurations, runs } };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new ArtdaqDbError(`${place} is no readable artdaqDB document: ${error.message}`, {
      cause: error,
      // Somebody may be writing it at this moment, or a full disk has cut it off.
      fault: 'unknown',
    });
  }
}

/** The text, without what is not ASCII if it is not UTF-8. */
function textOf(bytes: Buffer): string {
  return isUtf8(bytes)
    ? bytes.toString('utf8')
    : Buffer.from(bytes.filter((byte) => byte < 0x80)).toString('latin1');
}

/**
 * When a configuration was assigned, in milliseconds since 1970; NaN if the stamp is unreadable.
 * @param stamp local time with offset, `2026-11-24T10:30:40.700+0000`
 */
export function assignedTime(stamp: string): number {
  return Date.parse(stamp.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'));
}

/** When a document was assigned to a configuration; minus infinity if no stamp tells. */
export function assignedTo(document: Pick<StoredDocument, 'entry'>, configuration: string): number {
  const times = document.entry.configurations
    .filter(({ name }) => name === configuration)
    .map(({ assigned }) => assignedTime(assigned));
  return latest(times);
}

/** The latest of some times; unreadable ones don't count. */
export function latest(times: readonly number[]): number {
  const readable = times.filter((time) => !Number.isNaN(time));
  return readable.reduce((last, time) => Math.max(last, time), Number.NEGATIVE_INFINITY);
}

/** An object id as the C++ tools write them: 24 lower-case hexadecimal digits. */
export const OBJECT_ID = /^[0-9a-f]{24}$/;

/**
 * The id under which this project stores a document. It follows from the document's names, so an insert that is repeated after
 * an interruption meets its own leftovers and does not store a second document.
 * @param configuration full name, `<run>/<config>`
 */
export function ownObjectId(collection: Collection, configuration: string, entity: string): string {
  return createHash('sha256').update(`${collection}\0${configuration}\0${entity}`).digest('hex').slice(0, 24);
}

/** A random id, as the C++ tools make them. */
export function randomObjectId(): string {
  return randomBytes(12).toString('hex');
}
