/**
 * Finds the parts of an index.json by their place in the bytes, without building the values: such a file has tens of
 * megabytes in a large database. Format: documentation/ARTDAQDB.md, "FilesystemDB on disk".
 */

import { parseRunNumber, type RunNumber } from '../../../runs/run-number.ts';
import { RunRanges } from '../../../runs/run-set.ts';
import { runOf } from '../../configuration-name.ts';
import type { IndexBytes } from './index-bytes.ts';
import { ASSIGNED, CONFIGURATIONS, ENTITIES, OUID, RUNS } from './index-entry.ts';
import {
  type ByteSpan,
  ID_BYTES,
  ID_STRIDE,
  type IndexLayout,
  type ListFilter,
  type ListSpan,
  type MapSpan,
} from './index-layout.ts';
import { RunTable } from './run-table.ts';

/** The bytes are not an index: torn by a writer, or damaged. */
export class UnreadableIndexError extends Error {}

const LINE_FEED = 0x0a;
const QUOTE = 0x22;
const SLASH = 0x2f;
const ZERO = 0x30;
const NINE = 0x39;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_MAP = 0x7b;
const CLOSE_MAP = 0x7d;

/**
 * Scans a whole index.
 * @throws UnreadableIndexError if the bytes are not one complete JSON object of lists and maps of lists
 */
export function scanIndex(bytes: IndexBytes, wanted: ListFilter): IndexLayout {
  const members: string[] = [];
  const maps = new Map<string, MapSpan>();
  const tables = new Map<string, RunTable>();
  const ranges = new RunRanges();
  let ouid: ListSpan | undefined;
  const start = skipBlanks(bytes, 0);
  const { end, lastEntryEnd } = eachMember(bytes, start, (nameStart, nameEnd, at) => {
    const member = decodeText(bytes, nameStart, nameEnd);
    members.push(member);
    if (bytes.at(at) === OPEN_LIST && member === OUID) {
      ouid = listAt(bytes, at);
      return ouid.end;
    }
    if (bytes.at(at) !== OPEN_MAP) throw unreadable(bytes, at);
    const lists = new Map<string, ListSpan>();
    const hasTable = member === CONFIGURATIONS || member === ASSIGNED;
    const table = new RunTable();
    const map = eachMember(bytes, at, (keyStart, keyEnd, listStart) => {
      const list = listAt(bytes, listStart);
      const run = runOfKey(bytes, keyStart, keyEnd, member === RUNS);
      if (run !== undefined) {
        ranges.add(run);
        if (hasTable && list.count > 0) table.add(run, keyStart);
      }
      const mayBeWanted = wanted.runs === undefined || (run !== undefined && wanted.runs.has(run));
      if (mayBeWanted || member === ENTITIES) {
        const key = decodeText(bytes, keyStart, keyEnd);
        if (wanted(member, key, list) || member === ENTITIES) lists.set(key, list);
      }
      return list.end;
    });
    maps.set(member, { start: at, end: map.end, lastEntryEnd: map.lastEntryEnd, lists });
    if (hasTable) tables.set(member, table);
    return map.end;
  });
  const rest = skipBlanks(bytes, end);
  if (rest !== bytes.length) throw unreadable(bytes, rest);
  return {
    length: bytes.length,
    lastMemberEnd: lastEntryEnd,
    members,
    ouid,
    maps,
    tables,
    runs: ranges.toSet(),
  };
}

/**
 * Calls back for each list of the map that begins at a place.
 * @throws UnreadableIndexError if it is no map of lists
 */
export function eachList(bytes: IndexBytes, at: number, take: (key: string, list: ListSpan) => void): void {
  eachMember(bytes, at, (keyStart, keyEnd, listStart) => {
    const list = listAt(bytes, listStart);
    take(decodeText(bytes, keyStart, keyEnd), list);
    return list.end;
  });
}

/** Where the list of the key begins whose text begins at a place, and the key. */
export function keyAt(bytes: IndexBytes, start: number): { readonly key: string; readonly list: number } {
  const end = textEnd(bytes, start - 1);
  const colon = skipBlanks(bytes, end);
  if (bytes.at(colon) !== COLON) throw unreadable(bytes, colon);
  return { key: decodeText(bytes, start, end - 1), list: skipBlanks(bytes, colon + 1) };
}

/**
 * Calls back for each text of a list of texts with the place between its quotes.
 * @param at place of the opening bracket
 * @returns where the list ends
 * @throws UnreadableIndexError if it is no list of texts
 */
export function eachText(bytes: IndexBytes, at: number, take: (start: number, end: number) => void): number {
  if (bytes.at(at) !== OPEN_LIST) throw unreadable(bytes, at);
  let next = skipBlanks(bytes, at + 1);
  if (bytes.at(next) === CLOSE_LIST) return next + 1;
  for (;;) {
    const end = textEnd(bytes, next);
    take(next + 1, end - 1);
    next = skipBlanks(bytes, end);
    if (bytes.at(next) === CLOSE_LIST) return next + 1;
    if (bytes.at(next) !== COMMA) throw unreadable(bytes, next);
    next = skipBlanks(bytes, next + 1);
  }
}

/** The texts of a list, decoded. */
export function textsOf(bytes: IndexBytes, list: Pick<ByteSpan, 'start'>): string[] {
  const texts: string[] = [];
  eachText(bytes, list.start, (start, end) => texts.push(decodeText(bytes, start, end)));
  return texts;
}

/** The list that begins at a place. */
export function listAt(bytes: IndexBytes, at: number): ListSpan {
  const count = countIds(bytes, at);
  if (count > 0) return { start: at, end: at + 2 + count * ID_STRIDE, count, isIds: true };
  let texts = 0;
  const end = eachText(bytes, at, () => {
    texts++;
  });
  return { start: at, end, count: texts, isIds: false };
}

/**
 * How many texts a list of ids has: texts of 24 bytes in ascending order, in the layout of the C++ tools. One loop, since it
 * runs for every id of the database.
 * @returns 0 if the list is another one
 */
function countIds(bytes: IndexBytes, at: number): number {
  if (bytes.at(at) !== OPEN_LIST || bytes.at(at + 1) !== LINE_FEED) return 0;
  const first = at + 2;
  let before = 0;
  for (let count = 0; ; ) {
    // The id before this one is held as well, to be compared.
    const held = first + Math.max(0, count - 1) * ID_STRIDE;
    const length = first + (count + 1) * ID_STRIDE - held;
    if (!bytes.hold(held, length)) return 0;
    const { window, view, windowStart, windowLength } = bytes;
    for (let id = first + count * ID_STRIDE - windowStart; id + ID_STRIDE <= windowLength; id += ID_STRIDE) {
      if (window[id] !== QUOTE || window[id + ID_BYTES + 1] !== QUOTE) return 0;
      if (!isHexadecimal(view, id + 1) && !isPlain(window, id + 1)) return 0;
      const beginning = view.getUint32(id + 1);
      if (count > 0 && beginning <= before && !ascends(window, id)) return 0;
      before = beginning;
      count++;
      const [separator, next] = [window[id + ID_BYTES + 2], window[id + ID_BYTES + 3]];
      if (separator === LINE_FEED && next === CLOSE_LIST) return count;
      if (separator !== COMMA || next !== LINE_FEED) return 0;
    }
  }
}

/**
 * Has a text of {@link ID_BYTES} nothing but digits and small letters, as ids of the C++ tools have? It is looked at four bytes
 * at a time: all of these characters have 0x20 set, and 0x10 or 0x40. So have a few others, which stand for themselves, too.
 */
function isHexadecimal(view: DataView, start: number): boolean {
  let all = -1;
  for (let place = start; place < start + ID_BYTES; place += 4) {
    const four = view.getInt32(place);
    all &= (four & 0x20202020) | ((four | (four >>> 2)) & 0x10101010);
  }
  return all === 0x30303030;
}

/** Does each character of a text of {@link ID_BYTES} stand for itself? */
function isPlain(window: Buffer, start: number): boolean {
  for (let place = start; place < start + ID_BYTES; place++) {
    const byte = window[place];
    if (byte === QUOTE || byte === BACKSLASH) return false;
  }
  return true;
}

/** Does the id at a place of the window come after the one before it? */
function ascends(window: Buffer, id: number): boolean {
  for (let place = id + 1; place <= id + ID_BYTES; place++) {
    const difference = (window[place] ?? 0) - (window[place - ID_STRIDE] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

/**
 * The run that a key belongs to, without a string for each.
 * @param isRun is the whole key its number? Else a configuration name follows.
 */
function runOfKey(bytes: IndexBytes, start: number, end: number, isRun: boolean): RunNumber | undefined {
  let run = 0;
  let place = start;
  let byte = bytes.at(place) ?? 0;
  const hasZero = byte === ZERO;
  for (; place < end && byte >= ZERO && byte <= NINE; byte = bytes.at(++place) ?? 0)
    run = run * 10 + byte - ZERO;
  if (place < end && byte === BACKSLASH) {
    const key = decodeText(bytes, start, end);
    return isRun ? parseRunNumber(key) : runOf(key);
  }
  const isNumber = place > start && (!hasZero || place === start + 1) && Number.isSafeInteger(run);
  return isNumber && (isRun ? place === end : place < end && byte === SLASH) ? run : undefined;
}

function eachMember(
  bytes: IndexBytes,
  at: number,
  take: (keyStart: number, keyEnd: number, valueStart: number) => number,
): { end: number; lastEntryEnd: number | undefined } {
  if (bytes.at(at) !== OPEN_MAP) throw unreadable(bytes, at);
  let next = skipBlanks(bytes, at + 1);
  if (bytes.at(next) === CLOSE_MAP) return { end: next + 1, lastEntryEnd: undefined };
  for (;;) {
    const keyEnd = textEnd(bytes, next);
    const colon = skipBlanks(bytes, keyEnd);
    if (bytes.at(colon) !== COLON) throw unreadable(bytes, colon);
    const valueEnd = take(next + 1, keyEnd - 1, skipBlanks(bytes, colon + 1));
    next = skipBlanks(bytes, valueEnd);
    if (bytes.at(next) === CLOSE_MAP) return { end: next + 1, lastEntryEnd: valueEnd };
    if (bytes.at(next) !== COMMA) throw unreadable(bytes, next);
    next = skipBlanks(bytes, next + 1);
  }
}

/** @returns the place after the closing quote. */
function textEnd(bytes: IndexBytes, at: number): number {
  if (bytes.at(at) !== QUOTE) throw unreadable(bytes, at);
  for (let place = at + 1; ; place += 2) {
    place = bytes.find(QUOTE, BACKSLASH, place);
    const byte = bytes.at(place);
    if (byte === QUOTE) return place + 1;
    if (byte === undefined) throw unreadable(bytes, bytes.length);
  }
}

/** A text between its quotes, decoded. */
export function decodeText(bytes: IndexBytes, start: number, end: number): string {
  const text = bytes.text(start, end);
  if (!text.includes('\\')) return text;
  try {
    return String(JSON.parse(`"${text.replace(/\p{Cc}/gu, escaped)}"`));
  } catch (error) {
    throw new UnreadableIndexError(`a text at byte ${start} is no JSON`, { cause: error });
  }
}

/** The C++ tools leave control characters in texts as they are. */
function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function skipBlanks(bytes: IndexBytes, at: number): number {
  let place = at;
  for (;;) {
    const byte = bytes.at(place);
    if (byte !== 0x0a && byte !== 0x20 && byte !== 0x0d && byte !== 0x09) return place;
    place++;
  }
}

function unreadable(bytes: IndexBytes, at: number): UnreadableIndexError {
  return new UnreadableIndexError(
    at >= bytes.length
      ? `it ends in the middle, after ${bytes.length} bytes`
      : `unexpected content at byte ${at}`,
  );
}
