import { ArtdaqDbError } from '../../errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../fhicl/json.ts';
import { readStoredJson } from '../../fhicl/stored-content.ts';
import {
  ALIASES,
  ASSIGNED,
  CONFIGURATIONS,
  ENTITIES,
  type ListedText,
  OUID,
  RUNS,
  VERSION,
} from './index/index-entry.ts';

/** How a document is to be found, as it says itself. */
export interface StoredListing {
  readonly id: string;
  readonly version: string;
  /** A document of this project has one; the C++ tools can add others. */
  readonly entities: readonly string[];
  readonly configurations: readonly string[];
  /** The lists of an index that it belongs to. */
  readonly texts: readonly ListedText[];
}

/**
 * Reads from a stored document what an index lists it under, in the same way as the C++ tools do.
 * @returns undefined if it is no readable stored document: torn by a writer, or damaged
 */
export function storedListing(id: string, bytes: Buffer): StoredListing | undefined {
  try {
    const { document } = readStoredJson(bytes.toString('utf8'));
    const { version } = document;
    if (typeof version !== 'string') return undefined;
    const configurations = namesIn(document, 'configurations');
    const entities = namesIn(document, 'entities').map(({ name }) => name);
    const { aliases } = document;
    const active = isJsonObject(aliases) ? namesIn(aliases, 'active') : [];
    const texts: ListedText[] = [
      [OUID, '', id],
      [VERSION, version, id],
      ...configurations.map(({ name }): ListedText => [CONFIGURATIONS, name, id]),
      ...entities.map((name): ListedText => [ENTITIES, name, id]),
      ...active.map(({ name }): ListedText => [ALIASES, name, id]),
      ...namesIn(document, 'runs').map(({ name }): ListedText => [RUNS, name, id]),
      ...configurations.map(({ name, assigned }): ListedText => [ASSIGNED, name, assigned]),
    ];
    return { id, version, entities, configurations: configurations.map(({ name }) => name), texts };
  } catch (error) {
    if (error instanceof ArtdaqDbError) return undefined;
    throw error;
  }
}

function namesIn(object: JsonObject, member: string): { name: string; assigned: string }[] {
  const list = object[member];
  if (!Array.isArray(list)) throw new ArtdaqDbError(`no list "${member}"`);
  return list.map((each: JsonValue) => {
    const { name, assigned } = isJsonObject(each) ? each : {};
    if (typeof name !== 'string') throw new ArtdaqDbError(`a malformed list "${member}"`);
    return { name, assigned: typeof assigned === 'string' ? assigned : '' };
  });
}
