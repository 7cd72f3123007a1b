import {
  ASSIGNED,
  INDEX_MAPS,
  listText,
  mapEntryText,
  OUID,
} from '../../src/artdaqdb/filesystem/index/index-entry.ts';
import { quoteJson } from '../../src/fhicl/json.ts';
import type { Entry, LISTED_MEMBERS } from './entry.ts';
import type { IndexContent } from './listing.ts';

/** What an index is to hold. */
export interface WantedContent {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly stamps: ReadonlyMap<string, readonly string[]>;
}

const CHUNK_BYTES = 1 << 20;

/**
 * The whole text of an index in the form of the C++ tools. Keys stay in their order; new ones follow in that of the entries.
 * @param before gives the order, and members that are none of an index, which are passed on
 */
export async function* indexBytes(
  wanted: WantedContent,
  before: Pick<IndexContent, 'keys' | 'unknown'>,
): AsyncGenerator<Buffer> {
  let text = '';
  for (const part of indexParts(wanted, before)) {
    text += part;
    if (text.length < CHUNK_BYTES) continue;
    yield Buffer.from(text);
    text = '';
  }
  yield Buffer.from(text);
}

function* indexParts(
  { entries, stamps }: WantedContent,
  { keys, unknown }: Pick<IndexContent, 'keys' | 'unknown'>,
): Generator<string> {
  yield `{\n${memberText(OUID)}${listOf([...entries.keys()].sort())}`;
  for (const member of INDEX_MAPS) {
    yield `,\n${memberText(member)}`;
    yield* mapParts(
      inOrder(member === ASSIGNED ? stamps : idsByKey(entries, member), keys.get(member) ?? []),
    );
  }
  for (const [member, bytes] of unknown) yield `,\n${memberText(member)}${bytes.toString('utf8')}`;
  yield '\n}';
}

function idsByKey(
  entries: ReadonlyMap<string, Entry>,
  member: (typeof LISTED_MEMBERS)[number],
): Map<string, string[]> {
  const lists = new Map<string, string[]>();
  for (const [id, entry] of entries) {
    for (const key of entry[member]) {
      const list = lists.get(key);
      if (list === undefined) lists.set(key, [id]);
      else list.push(id);
    }
  }
  for (const list of lists.values()) list.sort();
  return lists;
}

function* inOrder(
  lists: ReadonlyMap<string, readonly string[]>,
  known: readonly string[],
): Generator<readonly [string, readonly string[]]> {
  const left = new Map(lists);
  for (const key of known) {
    const list = left.get(key);
    if (list !== undefined) yield [key, list];
    left.delete(key);
  }
  yield* left;
}

function* mapParts(lists: Iterable<readonly [string, readonly string[]]>): Generator<string> {
  let separator = '{\n';
  let isEmpty = true;
  for (const [key, texts] of lists) {
    if (texts.length === 0) continue;
    yield `${separator}${mapEntryText(key, texts)}`;
    separator = ',\n';
    isEmpty = false;
  }
  yield isEmpty ? '{\n\n}' : '\n}';
}

function listOf(texts: readonly string[]): string {
  return texts.length === 0 ? '[\n\n]' : listText(texts);
}

function memberText(member: string): string {
  return `${quoteJson(member)} : `;
}
