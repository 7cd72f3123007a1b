import type { DocumentEntry } from '../../stored-document.ts';
import { type IndexChange, listedTexts, OUID } from './index-entry.ts';

/** What a change adds to a list and takes out of it. */
export interface ListChange {
  readonly add: Set<string>;
  readonly remove: Set<string>;
}

/** Member -> key -> change; `ouid` is a list of its own and has the key ''. */
export type ListChanges = ReadonlyMap<string, ReadonlyMap<string, ListChange>>;

/** What a change does to each list. */
export function listChanges(change: IndexChange): ListChanges {
  const changes = new Map<string, Map<string, ListChange>>();
  const note = (entry: DocumentEntry, kind: keyof ListChange): void => {
    changeOf(changes, OUID, '')[kind].add(entry.id);
    for (const [member, key, text] of listedTexts(entry)) {
      // A stamp belongs to the configuration, not to the document: others may have the same one.
      if (kind === 'remove' && text !== entry.id) continue;
      changeOf(changes, member, key)[kind].add(text);
    }
  };
  for (const entry of change.removed) note(entry, 'remove');
  for (const entry of change.added) note(entry, 'add');
  for (const [member, key, text] of change.listed ?? []) changeOf(changes, member, key).add.add(text);
  return changes;
}

function changeOf(changes: Map<string, Map<string, ListChange>>, member: string, key: string): ListChange {
  const keys = changes.get(member) ?? new Map<string, ListChange>();
  changes.set(member, keys);
  const change = keys.get(key) ?? { add: new Set<string>(), remove: new Set<string>() };
  keys.set(key, change);
  return change;
}
