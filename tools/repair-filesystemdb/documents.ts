import { join } from 'node:path';
import {
  ALIASES,
  type ASSIGNED,
  CONFIGURATIONS,
  ENTITIES,
  type INDEX_MAPS,
  RUNS,
  VERSION,
} from '../../src/artdaqdb/filesystem/index/index-entry.ts';
import { ArtdaqDbError, messageOf } from '../../src/errors.ts';
import { sameContent } from '../../src/fhicl/document.ts';
import { isJsonObject, type JsonObject, type JsonValue, readJsonObject } from '../../src/fhicl/json.ts';
import { readStoredJson } from '../../src/fhicl/stored-content.ts';
import { errorCode } from '../../src/system-error.ts';
import type { CheckContext } from './collection-scan.ts';
import { HashSet, hashOf } from './hash-set.ts';

/** The maps of an index that lead to ids. */
export type ListedMember = Exclude<(typeof INDEX_MAPS)[number], typeof ASSIGNED>;
export const LISTED_MEMBERS: readonly ListedMember[] = [VERSION, CONFIGURATIONS, ENTITIES, ALIASES, RUNS];

/** Under which keys an index lists a document in each map; the keys ascending and each once. */
export type IndexEntry = Readonly<Record<ListedMember, readonly string[]>>;

/** The entry of a document that no map lists. */
export const NO_ENTRY: IndexEntry = {
  [VERSION]: [],
  [CONFIGURATIONS]: [],
  [ENTITIES]: [],
  [ALIASES]: [],
  [RUNS]: [],
};

/** A stamp of a configuration: when a document was assigned to it. */
interface Assignment {
  readonly name: string;
  readonly assigned: string;
}

/** What a stored document says of itself. */
export interface Envelope {
  readonly id: string;
  readonly collection: string;
  readonly entry: IndexEntry;
  readonly assignments: readonly Assignment[];
}

/** Several documents of the same entity, configuration and version. */
export interface RepeatedDocument {
  readonly configuration: string;
  readonly entity: string;
  readonly ids: readonly string[];
}

/** Texts ascending, each once. */
export function ascending(texts: Iterable<string>): string[] {
  return [...new Set(texts)].sort();
}

/** Do two entries name a document in the same way? */
export function isSameEntry(one: IndexEntry, other: IndexEntry): boolean {
  return LISTED_MEMBERS.every(
    (member) =>
      one[member].length === other[member].length &&
      one[member].every((key, place) => key === other[member][place]),
  );
}

/** Documents by id, with their entries, each id once. */
export interface Entries extends Iterable<readonly [string, IndexEntry]> {
  readonly size: number;
  has(id: string): boolean;
  get(id: string): IndexEntry | undefined;
  /** The entries alone, in any order. */
  values(): Iterable<IndexEntry>;
}

/** Finds documents that stand for the same. There may be a million, of which a few or none do. */
export function repeatedDocuments(...parts: readonly Entries[]): RepeatedDocument[] {
  const names = repeatedNames(parts);
  if (names.size === 0) return [];
  const first = new Map<string, string>();
  const repeated = new Map<string, RepeatedDocument & { readonly ids: string[] }>();
  for (const entries of parts) {
    for (const [id, entry] of entries) {
      for (const name of namesOf(entry)) {
        const text = textOf(name);
        if (!names.has(text)) continue;
        const [configuration, entity] = name;
        const earlier = first.get(text);
        const known = repeated.get(text);
        if (known !== undefined) known.ids.push(id);
        else if (earlier !== undefined) repeated.set(text, { configuration, entity, ids: [earlier, id] });
        else first.set(text, id);
      }
    }
  }
  return [...repeated.values()];
}

/** Hashes tell nearly all names apart, and only the others are compared. */
function repeatedNames(parts: readonly Entries[]): Set<string> {
  const seen = new HashSet(parts.reduce((sum, { size }) => sum + size, 0));
  const hashes = new Set<number>();
  eachName(parts, (_name, hash) => {
    if (!seen.add(hash)) hashes.add(hash);
  });
  const once = new Set<string>();
  const repeated = new Set<string>();
  if (hashes.size === 0) return repeated;
  eachName(parts, (name, hash) => {
    if (!hashes.has(hash)) return;
    const text = textOf(name);
    if (once.has(text)) repeated.add(text);
    once.add(text);
  });
  return repeated;
}

function eachName(parts: readonly Entries[], take: (name: DocumentName, hash: number) => void): void {
  for (const entries of parts) {
    for (const entry of entries.values()) for (const name of namesOf(entry)) take(name, hashOf(name));
  }
}

/** What a document stands for. */
type DocumentName = readonly [configuration: string, entity: string, version: string];

function* namesOf(entry: IndexEntry): Generator<DocumentName> {
  for (const configuration of entry[CONFIGURATIONS]) {
    for (const entity of entry[ENTITIES]) {
      for (const version of entry[VERSION]) yield [configuration, entity, version];
    }
  }
}

function textOf(name: DocumentName): string {
  return name.join('\0');
}

/** One file that can't be read. Other failures are the disk's or the server's, and end the check. */
const UNREADABLE: ReadonlySet<string> = new Set(['EACCES', 'EISDIR', 'ELOOP', 'ENOENT', 'EPERM']);

/** Reads documents of one collection, and remembers what they say of themselves. */
export class DocumentReader {
  readonly #collection: string;
  readonly #directory: string;
  readonly #context: CheckContext;
  readonly #envelopes = new Map<string, Envelope>();
  readonly #faults = new Map<string, string>();

  constructor(collection: string, directory: string, context: CheckContext) {
    this.#collection = collection;
    this.#directory = directory;
    this.#context = context;
  }

  /** Was no document read? */
  get isUnused(): boolean {
    return this.#envelopes.size === 0 && this.#faults.size === 0;
  }

  /** Was the document read, readable or not? */
  hasRead(id: string): boolean {
    return this.#envelopes.has(id) || this.#faults.has(id);
  }

  /** What a document says of itself, if it was read and is readable. */
  envelope(id: string): Envelope | undefined {
    return this.#envelopes.get(id);
  }

  /** Documents that were read and are unreadable, with the reason. */
  get faults(): ReadonlyMap<string, string> {
    return this.#faults;
  }

  pathOf(id: string): string {
    return join(this.#directory, `${id}.json`);
  }

  /** Reads those that were not read yet. */
  async read(ids: Iterable<string>): Promise<void> {
    for (const id of ids) {
      if (this.hasRead(id)) continue;
      this.#context.throwIfStopped();
      try {
        const bytes = await this.#context.files.readFile(this.pathOf(id));
        this.#envelopes.set(id, envelopeOf(bytes, this.#collection));
      } catch (error) {
        // A disk or server that fails would make all documents look unreadable.
        if (!(error instanceof ArtdaqDbError) && !UNREADABLE.has(errorCode(error) ?? '')) throw error;
        this.#faults.set(id, messageOf(error));
      }
    }
  }

  /** Do two readable documents hold the same data? */
  async isSame(one: string, other: string): Promise<boolean> {
    const [first, second] = await Promise.all(
      [one, other].map((id) => this.#context.files.readFile(this.pathOf(id))),
    );
    return first !== undefined && second !== undefined && sameContent(String(first), String(second));
  }
}

/** Collections whose documents are FHiCL, so that their content is checked too. */
const FHICL_COLLECTIONS: ReadonlySet<string> = new Set(['RunHistory', 'SystemLayout']);

/**
 * What a document says of itself: all that the C++ tools put into an index (documentation/ARTDAQDB.md).
 * @param collection where it lies
 * @throws ArtdaqDbError if it can't be read, or lacks what an entry needs
 */
function envelopeOf(bytes: Buffer, collection: string): Envelope {
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

/** The C++ tools need both members of each; undefined if there is no such list. */
function assignments(object: JsonObject, member: string): Assignment[] | undefined {
  const list = object[member];
  if (!Array.isArray(list)) return undefined;
  return list.filter(isAssignment).map(({ name, assigned }) => ({ name, assigned }));
}

function isAssignment(value: JsonValue): value is JsonObject & Assignment {
  return isJsonObject(value) && typeof value.name === 'string' && typeof value.assigned === 'string';
}

function names(list: readonly Assignment[] | undefined): string[] {
  return ascending((list ?? []).map(({ name }) => name));
}
