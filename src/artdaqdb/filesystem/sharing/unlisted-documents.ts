import { join } from 'node:path';
import { ArtdaqDbError } from '../../../errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../fhicl/json.ts';
import { readStoredJson } from '../../../fhicl/stored-content.ts';
import type { Logger } from '../../../log/logger.ts';
import { namingFile, undefinedIfMissing } from '../../../system-error.ts';
import { OBJECT_ID, ownObjectId } from '../../stored-document.ts';
import type { CollectionStore } from '../collection-store.ts';
import { privateDirectory } from '../database-directories.ts';
import type { DatabaseFiles } from '../database-files.ts';
import {
  ALIASES,
  ASSIGNED,
  CONFIGURATIONS,
  ENTITIES,
  type ListedText,
  OUID,
  RUNS,
  VERSION,
} from '../index/index-entry.ts';
import type { IndexLook } from '../index/index-file.ts';
import { TextTable } from '../index/text-table.ts';

const OBJECT_ID_LENGTH = 24;
const EXTENSION = '.json';

/** The documents in a collection's directory that its index does not list. */
export interface UnlistedDocuments {
  /** Documents of this project, and those of others that it answers for. */
  readonly own: readonly StoredListing[];
  readonly foreign: readonly ForeignDocument[];
}

/** A document of another program that no index lists. */
export interface ForeignDocument {
  readonly path: string;
  /** Undefined: it is not readable, so it can't be told what it belongs to. */
  readonly listing: StoredListing | undefined;
  readonly writtenMs: number;
}

/** What an index should list a document under, as the document says itself. */
export interface StoredListing {
  readonly id: string;
  readonly version: string;
  /** A document of this project has one; the C++ tools can add others. */
  readonly entities: readonly string[];
  readonly configurations: readonly string[];
  /** The lists of an index that it belongs to. */
  readonly texts: readonly ListedText[];
}

/** All ids that an index lists. */
export const listedIds: IndexLook<TextTable> = (bytes, { layout }) => new TextTable(bytes, layout.ouid);

/**
 * Compares a collection's directory with its index. Each writer stores a document before the index lists it. So a writer
 * without lock dropped what is missing, or its writer died, or is just storing it.
 * @param listed as {@link listedIds} gave them before the directory is read
 */
export async function findUnlisted(
  store: CollectionStore,
  listed: TextTable,
  rescued: RescuedDocuments,
): Promise<UnlistedDocuments> {
  const rescuedIds = await rescued.ids();
  const own: StoredListing[] = [];
  const foreign: ForeignDocument[] = [];
  for (const id of await unlistedIds(store, listed)) {
    const file = await store.fileOf(id);
    if (file === undefined) continue;
    const listing = storedListing(id, file.bytes);
    if (listing !== undefined && (isOwn(store, listing) || rescuedIds.has(id))) own.push(listing);
    else foreign.push({ path: store.pathOf(id), listing, writtenMs: file.writtenMs });
  }
  return { own, foreign };
}

async function unlistedIds(store: CollectionStore, listed: TextTable): Promise<string[]> {
  const id = Buffer.alloc(OBJECT_ID_LENGTH);
  const unlisted: string[] = [];
  await store.eachName((name) => {
    if (name.length !== OBJECT_ID_LENGTH + EXTENSION.length || !name.endsWith(EXTENSION)) return;
    id.write(name, 'latin1');
    if (listed.has(id)) return;
    const text = id.toString('latin1');
    if (OBJECT_ID.test(text)) unlisted.push(text);
  });
  return unlisted;
}

function isOwn({ name }: CollectionStore, { id, version, entities }: StoredListing): boolean {
  return entities.some((entity) => id === ownObjectId(name, version, entity));
}

/**
 * Reads from a stored document what an index lists it under, as the C++ tools do.
 * @returns undefined if it is no readable stored document: torn by a writer, or damaged
 */
function storedListing(id: string, bytes: Buffer): StoredListing | undefined {
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

/**
 * Documents of other programs that our renames nearly cost their place in an index. A writer that had read the index before
 * they were listed again takes them out once more, so this project answers for them as for its own from then on.
 */
export class RescuedDocuments {
  readonly #path: string;
  readonly #files: DatabaseFiles;

  constructor(database: string, files: DatabaseFiles) {
    this.#path = join(privateDirectory(database), 'rescued');
    this.#files = files;
  }

  /** Their ids. */
  async ids(): Promise<ReadonlySet<string>> {
    const bytes = await this.#files.readFile(this.#path).catch(undefinedIfMissing);
    return new Set(bytes?.toString('latin1').split('\n').filter(Boolean));
  }

  /** To be called before they are listed again: a crash in between must not forget them. */
  async add(ids: readonly string[]): Promise<void> {
    const handle = await this.#files.open(this.#path, 'a');
    try {
      await handle.writeFile(ids.map((id) => `${id}\n`).join('')).catch(namingFile(this.#path));
    } finally {
      await handle.close();
    }
  }
}

/** A document that has been unlisted for so long is not just being stored. */
const STORING_MS = 60_000;

/** Reports documents of other programs that no index lists, each once. */
export class ForeignReport {
  readonly #now: () => Date;
  readonly #logger: Logger;
  readonly #reported = new Set<string>();

  constructor(now: () => Date, logger: Logger) {
    this.#now = now;
    this.#logger = logger;
  }

  /** @returns whether any of them may be on its way into the index, and is therefore not reported yet */
  report(foreign: readonly ForeignDocument[]): boolean {
    const time = this.#now().getTime();
    const old = foreign.filter(({ writtenMs }) => Math.abs(time - writtenMs) >= STORING_MS);
    const fresh = old.filter(({ path }) => !this.#reported.has(path));
    const [first] = fresh;
    if (first !== undefined) {
      for (const { path } of fresh) this.#reported.add(path);
      this.#logger
        .child({ repeats: true })
        .warning(
          `${fresh.length} documents that other programs stored are listed in no index, so nobody finds them (${first.path}` +
            `${fresh.length > 1 ? ', …' : ''}); see what bin/repair-filesystemdb says of them`,
        );
    }
    return old.length < foreign.length;
  }
}
