import { quoteJson } from '../../../fhicl/json.ts';
import type { DocumentEntry } from '../../stored-document.ts';
import type { IndexBytes } from './index-bytes.ts';
import { type IndexChange, listedTexts, listText, mapEntryText, OUID } from './index-entry.ts';
import { type ByteSpan, eachText, type IndexLayout, textsOf } from './index-scan.ts';

/** A piece of the new file that stands in place of `[start, end)` of the old one. */
interface Edit extends ByteSpan {
  readonly text: string;
}

interface ListChange {
  readonly add: Set<string>;
  readonly remove: Set<string>;
}

/** Member -> key -> change; `ouid` is a list of its own and has the key ''. */
type ListChanges = Map<string, Map<string, ListChange>>;

/**
 * The bytes of an index after a change, piece by piece; each is valid until the next is asked for. Whatever the change doesn't
 * touch stays as it is.
 * @param layout of `bytes`; must hold every list that the change touches
 */
export function* spliceIndex(bytes: IndexBytes, layout: IndexLayout, change: IndexChange): Generator<Buffer> {
  const edits = [...editsOf(bytes, layout, listChanges(change))].sort(
    (one, other) => one.start - other.start || one.end - other.end,
  );
  let place = 0;
  for (const edit of edits) {
    yield* bytes.chunks(place, edit.start);
    yield Buffer.from(edit.text);
    place = edit.end;
  }
  yield* bytes.chunks(place, bytes.length);
}

function listChanges(change: IndexChange): ListChanges {
  const changes: ListChanges = new Map();
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

function changeOf(changes: ListChanges, member: string, key: string): ListChange {
  const keys = changes.get(member) ?? new Map<string, ListChange>();
  changes.set(member, keys);
  const change = keys.get(key) ?? { add: new Set<string>(), remove: new Set<string>() };
  keys.set(key, change);
  return change;
}

function* editsOf(bytes: IndexBytes, layout: IndexLayout, changes: ListChanges): Generator<Edit> {
  const missingMembers: string[] = [];
  for (const [member, keys] of changes) {
    if (member === OUID) {
      const change = changeOf(changes, OUID, '');
      if (layout.ouid === undefined) missingMembers.push(mapEntryText(OUID, sorted(change.add)));
      else yield* listEdits(bytes, layout.ouid, change);
      continue;
    }
    const map = layout.maps.get(member);
    const newEntries: string[] = [];
    for (const [key, change] of keys) {
      const list = map?.lists.get(key);
      if (list !== undefined) yield* listEdits(bytes, list, change);
      else if (change.add.size > 0) newEntries.push(mapEntryText(key, sorted(change.add)));
    }
    if (newEntries.length === 0) continue;
    const text = newEntries.join(',\n');
    if (map === undefined) missingMembers.push(`${quoteJson(member)} : {\n${text}\n}`);
    else if (map.lastEntryEnd === undefined) yield { start: map.start, end: map.end, text: `{\n${text}\n}` };
    else yield { start: map.lastEntryEnd, end: map.lastEntryEnd, text: `,\n${text}` };
  }
  if (missingMembers.length > 0) yield membersEdit(layout, missingMembers.join(',\n'));
}

function membersEdit(layout: IndexLayout, text: string): Edit {
  if (layout.lastMemberEnd === undefined) return { start: 0, end: layout.length, text: `{\n${text}\n}` };
  return { start: layout.lastMemberEnd, end: layout.lastMemberEnd, text: `,\n${text}` };
}

/** Lists are sorted, without repetitions. A list that isn't, or that loses a text, is written again. */
function* listEdits(bytes: IndexBytes, list: ByteSpan, change: ListChange): Generator<Edit> {
  const additions = sorted(change.add);
  if (change.remove.size > 0) {
    yield rewrittenList(bytes, list, change);
    return;
  }
  const insertions: Edit[] = [];
  let previousStart = -1;
  let previousEnd = -1;
  let inOrder = true;
  let next = 0;
  eachText(bytes, list.start, (start, end) => {
    if (previousStart >= 0) {
      inOrder &&= ascends(bytes, previousStart, previousEnd, start, end);
    }
    previousStart = start;
    previousEnd = end;
    while (next < additions.length) {
      const addition = additions[next] ?? '';
      const order = compareWith(addition, bytes, start, end);
      if (order > 0) break;
      if (order < 0) insertions.push({ start: start - 1, end: start - 1, text: `${quoteJson(addition)},\n` });
      next++;
    }
  });
  if (!inOrder) {
    yield rewrittenList(bytes, list, change);
    return;
  }
  yield* insertions;
  const rest = additions.slice(next);
  if (rest.length === 0) return;
  if (previousEnd < 0) yield { start: list.start, end: list.end, text: listText(rest) };
  else yield { start: previousEnd + 1, end: previousEnd + 1, text: `,\n${rest.map(quoteJson).join(',\n')}` };
}

function rewrittenList(bytes: IndexBytes, list: ByteSpan, change: ListChange): Edit {
  const texts = new Set(textsOf(bytes, list));
  for (const text of change.remove) texts.delete(text);
  for (const text of change.add) texts.add(text);
  return { start: list.start, end: list.end, text: listText(sorted(texts)) };
}

/** Does the text at `[start, end)` come after the previous one? A loop, since it runs for every id of the database. */
function ascends(
  bytes: IndexBytes,
  previousStart: number,
  previousEnd: number,
  start: number,
  end: number,
): boolean {
  const length = Math.min(previousEnd - previousStart, end - start);
  for (let place = 0; place < length; place++) {
    const difference = (bytes.at(start + place) ?? 0) - (bytes.at(previousStart + place) ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return end - start > previousEnd - previousStart;
}

/** Order of an ASCII text and the bytes of another: below, equal to or above zero. */
function compareWith(text: string, bytes: IndexBytes, start: number, end: number): number {
  const length = Math.min(text.length, end - start);
  for (let place = 0; place < length; place++) {
    const difference = text.charCodeAt(place) - (bytes.at(start + place) ?? 0);
    if (difference !== 0) return difference;
  }
  return text.length - (end - start);
}

function sorted(texts: Iterable<string>): string[] {
  return [...texts].sort((one, other) => (one < other ? -1 : one > other ? 1 : 0));
}
