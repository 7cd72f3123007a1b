/**
 * Finds the parts of an index.json by their place in the bytes, without building the values: such a file has tens of
 * megabytes in a large database. Format: documentation/ARTDAQDB.md, "FilesystemDB on disk".
 */

import type { IndexBytes } from './index-bytes.ts';

/** The place of a JSON value: `[start, end)`, brackets included. */
export interface ByteSpan {
  readonly start: number;
  readonly end: number;
}

/** A list of ids or timestamps. */
export interface ListSpan extends ByteSpan {
  /** How many texts. */
  readonly count: number;
}

/** A map of the index, from value to ids. */
export interface MapSpan extends ByteSpan {
  /** Where the last entry ends; undefined if the map is empty. */
  readonly lastEntryEnd: number | undefined;
  /** The lists that were asked for, in order of appearance. */
  readonly lists: ReadonlyMap<string, ListSpan>;
}

/** Where everything is. */
export interface IndexLayout {
  /** Length of the file in bytes. */
  readonly length: number;
  /** End of the last top-level member; undefined if there is none. */
  readonly lastMemberEnd: number | undefined;
  /** The list of all ids. */
  readonly ouid: ListSpan | undefined;
  readonly maps: ReadonlyMap<string, MapSpan>;
}

/** Selects lists of maps. */
export type ListFilter = (member: string, key: string, list: ListSpan) => boolean;

/** For who wants none. */
export const noLists: ListFilter = () => false;

/** The bytes are not an index: torn by a writer, or damaged. */
export class UnreadableIndexError extends Error {}

const QUOTE = 0x22;
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
  const maps = new Map<string, MapSpan>();
  let ouid: ListSpan | undefined;
  const start = skipBlanks(bytes, 0);
  const { end, lastEntryEnd } = eachMember(bytes, start, (member, at) => {
    if (bytes.at(at) === OPEN_LIST && member === 'ouid') {
      ouid = listAt(bytes, at);
      return ouid.end;
    }
    if (bytes.at(at) !== OPEN_MAP) throw unreadable(bytes, at);
    const lists = new Map<string, ListSpan>();
    const map = eachMember(bytes, at, (key, listStart) => {
      const list = listAt(bytes, listStart);
      if (wanted(member, key, list)) lists.set(key, list);
      return list.end;
    });
    maps.set(member, { start: at, end: map.end, lastEntryEnd: map.lastEntryEnd, lists });
    return map.end;
  });
  const rest = skipBlanks(bytes, end);
  if (rest !== bytes.length) throw unreadable(bytes, rest);
  return { length: bytes.length, lastMemberEnd: lastEntryEnd, ouid, maps };
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
  let count = 0;
  const end = eachText(bytes, at, () => {
    count++;
  });
  return { start: at, end, count };
}

function eachMember(
  bytes: IndexBytes,
  at: number,
  take: (key: string, valueStart: number) => number,
): { end: number; lastEntryEnd: number | undefined } {
  if (bytes.at(at) !== OPEN_MAP) throw unreadable(bytes, at);
  let next = skipBlanks(bytes, at + 1);
  if (bytes.at(next) === CLOSE_MAP) return { end: next + 1, lastEntryEnd: undefined };
  for (;;) {
    const keyEnd = textEnd(bytes, next);
    const key = decodeText(bytes, next + 1, keyEnd - 1);
    const colon = skipBlanks(bytes, keyEnd);
    if (bytes.at(colon) !== COLON) throw unreadable(bytes, colon);
    const valueEnd = take(key, skipBlanks(bytes, colon + 1));
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
