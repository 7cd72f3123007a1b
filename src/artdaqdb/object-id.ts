import { createHash, randomBytes } from 'node:crypto';
import type { Collection } from '../fhicl/document.ts';

/** An object id as the C++ tools write them: 24 lower-case hexadecimal digits. */
export const OBJECT_ID = /^[0-9a-f]{24}$/;

/**
 * The id under which this project stores a document. It follows from what the document is, so that the repeat of an
 * interrupted insert meets its own leftovers instead of storing a second document.
 * @param configuration full name, `<run>/<config>`
 */
export function ownObjectId(collection: Collection, configuration: string, entity: string): string {
  return createHash('sha256').update(`${collection}\0${configuration}\0${entity}`).digest('hex').slice(0, 24);
}

/** An id as the C++ tools make them, for what has no identity of its own. */
export function randomObjectId(): string {
  return randomBytes(12).toString('hex');
}
