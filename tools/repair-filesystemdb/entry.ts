import {
  ALIASES,
  type ASSIGNED,
  CONFIGURATIONS,
  ENTITIES,
  type INDEX_MAPS,
  RUNS,
  VERSION,
} from '../../src/artdaqdb/filesystem/index/index-entry.ts';
import { ArtdaqDbError } from '../../src/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue, readJsonObject } from '../../src/fhicl/json.ts';
import { readStoredJson } from '../../src/fhicl/stored-content.ts';

/** The maps of an index that lead to ids. */
export type ListedMember = Exclude<(typeof INDEX_MAPS)[number], typeof ASSIGNED>;
export const LISTED_MEMBERS: readonly ListedMember[] = [VERSION, CONFIGURATIONS, ENTITIES, ALIASES, RUNS];

/** Under which keys a document stands in each map; each list ascending and without repetitions. */
export type Entry = Readonly<Record<ListedMember, readonly string[]>>;

/** The entry of what stands nowhere. */
export const NO_ENTRY: Entry = {
  [VERSION]: [],
  [CONFIGURATIONS]: [],
  [ENTITIES]: [],
  [ALIASES]: [],
  [RUNS]: [],
};

/** A stamp of a configuration: when a document was assigned to it. */
export interface Assignment {
  readonly name: string;
  readonly assigned: string;
}

/** What a stored document says of itself. */
export interface Envelope {
  readonly id: string;
  readonly collection: string;
  readonly entry: Entry;
  readonly assignments: readonly Assignment[];
}

/** Collections whose documents are FHiCL, so that their content is checked too. */
const FHICL_COLLECTIONS: ReadonlySet<string> = new Set(['RunHistory', 'SystemLayout']);

/**
 * What a document says of itself: all that the C++ tools put into an index (documentation/ARTDAQDB.md).
 * @param collection where it lies
 * @throws ArtdaqDbError if it can't be read, or lacks what an entry needs
 */
export function readEnvelope(bytes: Buffer, collection: string): Envelope {
  if (bytes.length === 0) throw new ArtdaqDbError('it is empty');
  const json = bytes.toString('utf8');
  const document = FHICL_COLLECTIONS.has(collection) ? readStoredJson(json).document : readJsonObject(json);
  const { version, _id: id, collection: said } = document;
  if (typeof version !== 'string') throw new ArtdaqDbError('it has no version');
  const configurations = assignments(document, 'configurations');
  if (configurations === undefined) throw new ArtdaqDbError('it has no list of configurations');
  const oid = isJsonObject(id) ? id.$oid : id;
  return {
    id: typeof oid === 'string' ? oid : '',
    collection: typeof said === 'string' ? said : '',
    assignments: configurations,
    entry: {
      [VERSION]: [version],
      [CONFIGURATIONS]: names(configurations),
      [ENTITIES]: names(assignments(document, 'entities')),
      [ALIASES]: names(isJsonObject(document.aliases) ? assignments(document.aliases, 'active') : undefined),
      [RUNS]: names(assignments(document, 'runs')),
    },
  };
}

/** Texts ascending, each once. */
export function ascending(texts: Iterable<string>): string[] {
  return [...new Set(texts)].sort();
}

export function isSameEntry(one: Entry, other: Entry): boolean {
  return LISTED_MEMBERS.every(
    (member) =>
      one[member].length === other[member].length &&
      one[member].every((key, place) => key === other[member][place]),
  );
}

function names(list: readonly Assignment[] | undefined): string[] {
  return ascending((list ?? []).map(({ name }) => name));
}

/** The C++ tools need both members of each; undefined if there is no such list. */
function assignments(object: JsonObject, member: string): Assignment[] | undefined {
  const list = object[member];
  if (!Array.isArray(list)) return undefined;
  return list.filter(isAssignment).map(({ name, assigned }) => ({ name, assigned }));
}

function isAssignment(value: JsonValue): value is JsonObject & Assignment {
  return isJsonObject(value) && typeof value.name === 'string' && typeof value.assigned === 'string';
}
