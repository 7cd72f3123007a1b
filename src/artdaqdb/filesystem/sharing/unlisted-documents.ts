import type { Logger } from '../../../log/logger.ts';
import { OBJECT_ID, ownObjectId } from '../../object-id.ts';
import type { CollectionStore } from '../collection-store.ts';
import type { IndexBytes } from '../index/index-bytes.ts';
import type { IndexState } from '../index/index-file.ts';
import { TextTable } from '../index/text-table.ts';
import type { StoredListing } from '../stored-listing.ts';

const OBJECT_ID_LENGTH = 24;
const EXTENSION = '.json';

/** A document of another program that no index lists. */
export interface ForeignDocument {
  readonly path: string;
  /** Undefined: it is not readable, so it can't be told what it belongs to. */
  readonly listing: StoredListing | undefined;
  readonly writtenMs: number;
}

/** The documents on disk that an index doesn't list. */
export interface UnlistedDocuments {
  readonly own: readonly StoredListing[];
  readonly foreign: readonly ForeignDocument[];
}

/** All ids that an index lists. */
export function listedIds(bytes: IndexBytes, { layout }: IndexState): TextTable {
  return new TextTable(bytes, layout.ouid);
}

/**
 * Compares a collection's directory with its index. Each writer stores a document before the index lists it; so what is
 * missing was dropped by a writer without lock, was left by one that died, or is just being stored.
 * @param listed as {@link listedIds} gave them
 * @param rescued documents of others that count as ours
 */
export async function findUnlisted(
  store: CollectionStore,
  listed: TextTable,
  rescued: ReadonlySet<string>,
): Promise<UnlistedDocuments> {
  const own: StoredListing[] = [];
  const foreign: ForeignDocument[] = [];
  for (const id of await unlistedIds(store, listed)) {
    const found = await store.listingOf(id);
    if (found === undefined) continue;
    const { listing, writtenMs } = found;
    if (listing !== undefined && (isOwn(store, listing) || rescued.has(id))) own.push(listing);
    else foreign.push({ path: store.pathOf(id), listing, writtenMs });
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

/** A document that has been unlisted for so long is not just being stored. */
const STORING_MS = 60_000;

/** Reports documents of other programs that no index lists, each once. */
export class ForeignReport {
  readonly #now: () => Date;
  readonly #logger: Pick<Logger, 'warning'>;
  readonly #reported = new Set<string>();

  constructor(now: () => Date, logger: Pick<Logger, 'warning'>) {
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
      this.#logger.warning(
        `${fresh.length} documents that other programs stored are listed in no index, so nobody finds them (${first.path}` +
          `${fresh.length > 1 ? ', …' : ''}); see what bin/repair-filesystemdb says of them`,
      );
    }
    return old.length < foreign.length;
  }
}
