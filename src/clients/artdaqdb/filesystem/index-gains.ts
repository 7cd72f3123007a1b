import { type ListedText, OUID } from './index-entry.ts';
import { decodeText, eachText, type IndexLayout, type ListSpan, textsOf } from './index-scan.ts';
import { TextTable } from './text-table.ts';

/** An index with the places of all its lists. */
export interface ScannedIndex {
  readonly bytes: Buffer;
  readonly layout: IndexLayout;
}

/** What one state of an index lists and the other doesn't. Equal lists, nearly all of them, are told by their bytes. */
export function* gainsOf(gained: ScannedIndex, current: ScannedIndex): Generator<ListedText> {
  for (const [member, key, list] of listsOf(gained.layout)) {
    const known = member === OUID ? current.layout.ouid : current.layout.maps.get(member)?.lists.get(key);
    if (known === undefined) {
      for (const text of textsOf(gained.bytes, list)) yield [member, key, text];
    } else if (gained.bytes.compare(current.bytes, known.start, known.end, list.start, list.end) !== 0) {
      for (const text of textsBeyond(gained.bytes, list, current.bytes, known)) yield [member, key, text];
    }
  }
}

function* listsOf(layout: IndexLayout): Generator<readonly [string, string, ListSpan]> {
  if (layout.ouid !== undefined) yield [OUID, '', layout.ouid];
  for (const [member, { lists }] of layout.maps) {
    for (const [key, list] of lists) yield [member, key, list];
  }
}

function textsBeyond(bytes: Buffer, list: ListSpan, knownBytes: Buffer, known: ListSpan): string[] {
  const table = new TextTable(knownBytes, known);
  const texts: string[] = [];
  eachText(bytes, list.start, (start, end) => {
    if (!table.has(bytes, start, end)) texts.push(decodeText(bytes, start, end));
  });
  return texts;
}
