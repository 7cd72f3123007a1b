import type { CollectionStore } from '../collection-store.ts';
import {
  ASSIGNED,
  CONFIGURATIONS,
  type IndexChange,
  type ListedText,
  listsOf,
  OUID,
} from '../index/index-entry.ts';
import { IndexChangedError, type IndexState } from '../index/index-file.ts';
import { gainsOf, type ScannedIndex } from '../index/index-gains.ts';
import { noLists } from '../index/index-scan.ts';

const ATTEMPTS = 40;

/**
 * Puts into the index what a program wrote into a file whose place we took.
 * @param replace rewrites the index
 * @throws IndexChangedError if other programs change the index each time
 */
export async function mergeLateContent(
  store: CollectionStore,
  late: ScannedIndex,
  replace: (index: IndexState, change: IndexChange) => Promise<void>,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const { seen: gains } = await store.index.look(noLists, (bytes, { layout }) =>
      gainsOf(late, { bytes, layout }),
    );
    const listed = await stillThere(store, gains);
    if (listed.length === 0) return;
    await store.rescued.add(listed.filter(([member]) => member === OUID).map(([, , id]) => id));
    try {
      // Whatever was written since we looked, to list what is listed changes nothing.
      const index = await store.index.read(listsOf(listed));
      return await replace(index, { added: [], removed: [], listed });
    } catch (error) {
      if (!(error instanceof IndexChangedError) || attempt === ATTEMPTS) throw error;
    }
  }
}

/** An older index may list what we have taken out since; stamps go with the documents of their configuration. */
async function stillThere(store: CollectionStore, gains: readonly ListedText[]): Promise<ListedText[]> {
  const there = new Map<string, boolean>();
  for (const [member, , text] of gains) {
    if (member !== ASSIGNED && !there.has(text)) there.set(text, await store.has(text));
  }
  const ids = gains.filter(([member, , text]) => member !== ASSIGNED && there.get(text));
  const configurations = new Set(ids.filter(([member]) => member === CONFIGURATIONS).map(([, key]) => key));
  return [...ids, ...gains.filter(([member, key]) => member === ASSIGNED && configurations.has(key))];
}
