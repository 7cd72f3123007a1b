import type { CollectionStore } from '../collection-store.ts';
import type { IndexBytes } from '../index/index-bytes.ts';
import type { ListedText } from '../index/index-entry.ts';
import type { IndexState, SeenIndex } from '../index/index-file.ts';
import { noLists } from '../index/index-scan.ts';
import type { TextTable } from '../index/text-table.ts';
import { type ForeignDocument, findUnlisted, listedIds } from './unlisted-documents.ts';
import type { VerifiedState } from './verified-state.ts';

/** The ids that an index lists; undefined: it is in the known state, in which all that is ours is listed. */
export interface Listed {
  readonly listed: TextTable | undefined;
}

/** How the indexes compare with what is on disk. */
export interface Comparison {
  readonly state: VerifiedState;
  /** Documents of other programs that no index lists. */
  readonly foreign: readonly ForeignDocument[];
}

/** What to do with documents of ours that are missing in an index; gives false if all must be compared anew. */
export type ListOwn = (store: CollectionStore, texts: readonly ListedText[]) => Promise<boolean>;

/**
 * Compares the indexes with the directories.
 * @param seen the indexes if they were just looked at, in the order of the stores
 * @param known the state that is known
 * @returns undefined if `listOwn` gave false
 */
export async function compareIndexes(
  stores: readonly CollectionStore[],
  listOwn: ListOwn,
  seen: readonly SeenIndex<Listed>[],
  known: VerifiedState | undefined,
): Promise<Comparison | undefined> {
  const indexes: (string | undefined)[] = [];
  const foreign: ForeignDocument[] = [];
  const halfListed = new Set<string>();
  for (const [place, store] of stores.entries()) {
    const index = seen[place] ?? (await store.index.look(noLists, lookAtIds));
    indexes.push(index.signature);
    const { listed } = index.seen;
    if (listed === undefined) {
      for (const configuration of known?.halfListed ?? []) halfListed.add(configuration);
      continue;
    }
    const unlisted = await findUnlisted(store, listed, await store.rescued.ids());
    const texts = unlisted.own.flatMap((listing) => listing.texts);
    if (texts.length > 0 && !(await listOwn(store, texts))) return undefined;
    foreign.push(...unlisted.foreign);
  }
  for (const { listing } of foreign) {
    for (const configuration of listing?.configurations ?? []) halfListed.add(configuration);
  }
  return { state: { indexes, halfListed: [...halfListed] }, foreign };
}

function lookAtIds(bytes: IndexBytes, index: IndexState): Listed {
  return { listed: listedIds(bytes, index) };
}
