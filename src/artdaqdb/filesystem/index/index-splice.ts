import { quoteJson } from '../../../fhicl/json.ts';
import { OBJECT_ID } from '../../stored-document.ts';
import type { IndexBytes } from './index-bytes.ts';
import { ENTITIES, type IndexChange, listText, mapEntryText, OUID } from './index-entry.ts';
import { type ByteSpan, ID_BYTES, ID_STRIDE, type IndexLayout, type ListSpan } from './index-layout.ts';
import { eachText, textsOf } from './index-scan.ts';
import { type ListChange, type ListChanges, listChanges } from './list-changes.ts';

/** A piece of the new file that stands in place of `[start, end)` of the old one. */
export interface Edit extends ByteSpan {
  readonly text: string;
  /** The entries of a map that it adds behind the last one. */
  readonly entries?: NewEntries;
}

/** New entries of a map. */
interface NewEntries {
  readonly member: string;
  /** Key -> its texts, in the order of the file. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
}

/** How an index becomes another one. */
export interface IndexEdits {
  /** In the order of the file, apart from each other. */
  readonly edits: readonly Edit[];
  /** Do they only add to lists and maps that are as the C++ tools leave them? */
  readonly isUsual: boolean;
}

/**
 * The edits that make a change. Whatever it doesn't touch stays as it is.
 * @param layout of `bytes`; must hold every list that the change touches
 */
export function editsFor(bytes: IndexBytes, layout: IndexLayout, change: IndexChange): IndexEdits {
  const edits = new EditCollector(bytes, layout);
  edits.collect(listChanges(change));
  edits.all.sort((one, other) => one.start - other.start || one.end - other.end);
  return { edits: edits.all, isUsual: edits.isUsual };
}

const CHUNK_BYTES = 1 << 21;

/** The bytes of an index after edits, piece by piece; each is valid until the next is asked for. */
export function* editedBytes(bytes: IndexBytes, edits: readonly Edit[]): Generator<Buffer> {
  const growth = edits.reduce((sum, { text }) => sum + text.length, 0);
  const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, bytes.length + growth));
  let filled = 0;
  for (const { length, copy } of partsOf(bytes, edits)) {
    for (let done = 0; done < length; ) {
      const count = Math.min(length - done, chunk.length - filled);
      copy(chunk.subarray(filled, filled + count), done);
      done += count;
      filled += count;
      if (filled < chunk.length) continue;
      yield chunk;
      filled = 0;
    }
  }
  if (filled > 0) yield chunk.subarray(0, filled);
}

/** A piece of the new file, and what copies from a place in it on. */
interface Part {
  readonly length: number;
  readonly copy: (into: Buffer, from: number) => void;
}

function* partsOf(bytes: IndexBytes, edits: readonly Edit[]): Generator<Part> {
  const kept = (start: number, end: number): Part => ({
    length: end - start,
    copy: (into, from) => bytes.readInto(into, start + from),
  });
  let place = 0;
  for (const edit of edits) {
    yield kept(place, edit.start);
    const text = Buffer.from(edit.text);
    yield { length: text.length, copy: (into, from) => text.copy(into, 0, from) };
    place = edit.end;
  }
  yield kept(place, bytes.length);
}

class EditCollector {
  readonly all: Edit[] = [];
  isUsual = true;
  readonly #bytes: IndexBytes;
  readonly #layout: IndexLayout;

  constructor(bytes: IndexBytes, layout: IndexLayout) {
    this.#bytes = bytes;
    this.#layout = layout;
  }

  collect(changes: ListChanges): void {
    const missingMembers: string[] = [];
    for (const [member, keys] of changes) {
      if (member === OUID) missingMembers.push(...this.#changeIds(keys.get('')));
      else missingMembers.push(...this.#changeMap(member, keys));
    }
    if (missingMembers.length === 0) return;
    const text = missingMembers.join(',\n');
    const { lastMemberEnd, length } = this.#layout;
    if (lastMemberEnd === undefined) this.#add({ start: 0, end: length, text: `{\n${text}\n}` });
    else this.#add({ start: lastMemberEnd, end: lastMemberEnd, text: `,\n${text}` });
    this.isUsual = false;
  }

  /** @returns the member if it is missing */
  #changeIds(change: ListChange | undefined): string[] {
    const { ouid } = this.#layout;
    if (change === undefined) return [];
    if (ouid === undefined) return [mapEntryText(OUID, sorted(change.add))];
    this.#changeList(ouid, change, true);
    return [];
  }

  /** @returns the member if it is missing */
  #changeMap(member: string, keys: ReadonlyMap<string, ListChange>): string[] {
    const map = this.#layout.maps.get(member);
    const lists = new Map<string, readonly string[]>();
    for (const [key, change] of keys) {
      const list = map?.lists.get(key);
      if (list !== undefined) this.#changeList(list, change, member === ENTITIES);
      else if (change.add.size > 0) lists.set(key, sorted(change.add));
    }
    if (lists.size === 0) return [];
    const text = [...lists].map(([key, texts]) => mapEntryText(key, texts)).join(',\n');
    if (map === undefined) return [`${quoteJson(member)} : {\n${text}\n}`];
    const { start, end, lastEntryEnd } = map;
    if (lastEntryEnd === undefined) this.#add({ start, end, text: `{\n${text}\n}` });
    else
      this.#add({ start: lastEntryEnd, end: lastEntryEnd, text: `,\n${text}`, entries: { member, lists } });
    return [];
  }

  /**
   * Lists are sorted, without repetitions. A list that isn't, or that loses a text, is written again.
   * @param isLarge does it list documents of all runs?
   */
  #changeList(list: ListSpan, change: ListChange, isLarge: boolean): void {
    const additions = sorted(change.add);
    if (change.remove.size > 0) this.#add(rewrittenList(this.#bytes, list, change));
    else if (list.isIds && additions.every((text) => OBJECT_ID.test(text))) {
      this.all.push(...idEdits(this.#bytes, list, additions));
    } else {
      if (isLarge) this.isUsual = false;
      for (const edit of listEdits(this.#bytes, list, additions, change)) this.#add(edit);
    }
  }

  #add(edit: Edit): void {
    if (edit.end > edit.start) this.isUsual = false;
    this.all.push(edit);
  }
}

/** Ids are found by their place, so a list of a million of them isn't read. */
function* idEdits(bytes: IndexBytes, list: ListSpan, additions: readonly string[]): Generator<Edit> {
  const first = list.start + 2;
  let position = 0;
  for (const [turn, addition] of additions.entries()) {
    let isListed = false;
    for (let above = list.count; position < above; ) {
      const middle = (position + above) >> 1;
      const text = first + middle * ID_STRIDE + 1;
      const order = compareWith(addition, bytes, text, text + ID_BYTES);
      isListed ||= order === 0;
      if (order > 0) position = middle + 1;
      else above = middle;
    }
    if (isListed) continue;
    if (position === list.count) {
      yield endEdit(list.end - 2, additions.slice(turn));
      return;
    }
    const start = first + position * ID_STRIDE;
    yield { start, end: start, text: `${quoteJson(addition)},\n` };
  }
}

function* listEdits(
  bytes: IndexBytes,
  list: ByteSpan,
  additions: readonly string[],
  change: ListChange,
): Generator<Edit> {
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
  else yield endEdit(previousEnd + 1, rest);
}

/** Adds texts behind the last one of a list, which ends at a place. */
function endEdit(place: number, texts: readonly string[]): Edit {
  return { start: place, end: place, text: `,\n${texts.map(quoteJson).join(',\n')}` };
}

function rewrittenList(bytes: IndexBytes, list: ByteSpan, change: ListChange): Edit {
  const texts = new Set(textsOf(bytes, list));
  for (const text of change.remove) texts.delete(text);
  for (const text of change.add) texts.add(text);
  return { start: list.start, end: list.end, text: listText(sorted(texts)) };
}

/** Does the text at `[start, end)` come after the previous one? */
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
