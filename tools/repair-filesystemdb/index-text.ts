import {
  ASSIGNED,
  INDEX_MAPS,
  listText,
  mapEntryText,
  OUID,
} from '../../src/artdaqdb/filesystem/index/index-entry.ts';
import { quoteJson } from '../../src/fhicl/json.ts';
import type { Entries } from './documents.ts';
import { IdLists } from './id-lists.ts';
import type { IndexContent } from './index-content.ts';

/** The stamps of an index. */
export interface WantedStamps {
  /** In the order of the documents. */
  readonly configurations: Iterable<string>;
  readonly of: (configuration: string) => readonly string[];
}

/** What an index will hold. */
export interface WantedContent {
  readonly entries: Entries;
  readonly stamps: WantedStamps;
}

const CHUNK_BYTES = 1 << 20;

/**
 * The whole text of an index in the form of the C++ tools. Keys stay in their order; new ones follow in the order of the entries.
 * @param before gives the order of keys, and members that no index has, which are passed on
 */
export async function* indexBytes(wanted: WantedContent, before: IndexContent): AsyncGenerator<Buffer> {
  let text = '';
  for (const part of indexParts(wanted, before)) {
    text += part;
    if (text.length < CHUNK_BYTES) continue;
    yield Buffer.from(text);
    text = '';
  }
  yield Buffer.from(text);
}

function* indexParts({ entries, stamps }: WantedContent, before: IndexContent): Generator<string> {
  const lists = new IdLists(entries, (member) => before.listings.keysOf(member));
  yield `{\n${memberText(OUID)}${listOf(lists.all)}`;
  for (const member of INDEX_MAPS) {
    yield `,\n${memberText(member)}`;
    yield* mapParts(
      member === ASSIGNED ? stampLists(stamps, before.stamps.configurations) : lists.of(member),
    );
  }
  for (const [member, bytes] of before.unknown) yield `,\n${memberText(member)}${bytes.toString('utf8')}`;
  yield '\n}';
}

function* stampLists(
  { configurations, of }: WantedStamps,
  known: Iterable<string>,
): Generator<readonly [string, readonly string[]]> {
  const wanted = new Set(configurations);
  for (const names of [known, wanted]) {
    for (const name of names) if (wanted.delete(name)) yield [name, of(name)];
  }
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
