import { isUtf8 } from 'node:buffer';
import { ArtdaqDbError } from '../errors.ts';
import { readStored, type StoredIdentity } from '../fhicl/document.ts';

/** What a document is filed under. */
export type DocumentEntry = Omit<StoredIdentity, 'collection'>;

/** A document read from the database. */
export interface StoredDocument {
  /** Where it is, for messages. */
  readonly place: string;
  readonly json: string;
  /** Its content as FHiCL. */
  readonly fhicl: string;
  /** What it says of itself, with the id that it was found by. */
  readonly entry: DocumentEntry;
  /** Bytes that were no UTF-8 text were left out. */
  readonly isReduced: boolean;
}

/**
 * Takes a stored document's bytes apart.
 * @throws ArtdaqDbError naming the place if it is no stored document
 */
export function storedDocument(place: string, id: string, bytes: Buffer): StoredDocument {
  const isReduced = !isUtf8(bytes);
  const json = isReduced
    ? Buffer.from(bytes.filter((byte) => byte < 0x80)).toString('latin1')
    : bytes.toString('utf8');
  try {
    const { entity, version, configurations, runs, fhicl } = readStored(json);
    return { place, json, fhicl, isReduced, entry: { id, entity, version, configurations, runs } };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new ArtdaqDbError(`${place} is no readable artdaqDB document: ${error.message}`, {
      cause: error,
      // Somebody may be writing it just now, or a full disk has cut it off.
      fault: 'unknown',
    });
  }
}

/**
 * When a configuration was assigned, in milliseconds since 1970; NaN if the stamp is not readable.
 * @param stamp local time with offset, `2026-11-24T10:30:40.700+0000`
 */
export function assignedTime(stamp: string): number {
  return Date.parse(stamp.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'));
}

/** When a document was assigned to a configuration; the earliest time possible if that can't be told. */
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
