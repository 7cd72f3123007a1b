import type { IndexBytes } from './index-bytes.ts';
import { type ListedText, OUID } from './index-entry.ts';
import type { ByteSpan, IndexLayout } from './index-layout.ts';
import { decodeText, eachText, listAt, scanIndex } from './index-scan.ts';
import { TextTable } from './text-table.ts';

/** An index and where its parts are. */
export interface ScannedIndex {
  readonly bytes: IndexBytes;
  readonly layout: IndexLayout;
}

/**
 * What one state of an index lists and the other doesn't. There are a hundred thousand lists, nearly all equal: so they are
 * compared by their bytes, and only the places of one state are kept.
 */
export function gainsOf(gained: ScannedIndex, current: ScannedIndex): ListedText[] {
  const starts = startsOf(current);
  const gains: ListedText[] = [];
  const compare = (member: string, key: string, list: ByteSpan, start: number | undefined): void => {
    // A list ends with its bracket, so equal bytes mean equal lists.
    if (start !== undefined && gained.bytes.equals(list.start, list.end, current.bytes, start)) return;
    const known = new TextTable(
      current.bytes,
      start === undefined ? undefined : listAt(current.bytes, start),
    );
    eachText(gained.bytes, list.start, (from, to) => {
      if (known.has(gained.bytes.copy(from, to))) return;
      gains.push([member, key, decodeText(gained.bytes, from, to)]);
    });
  };
  const { ouid } = gained.layout;
  if (ouid !== undefined) compare(OUID, '', ouid, current.layout.ouid?.start);
  scanIndex(gained.bytes, (member, key, list) => {
    compare(member, key, list, starts.get(member)?.get(key));
    return false;
  });
  return gains;
}

/** Member -> key -> where its list begins. */
function startsOf({ bytes }: ScannedIndex): Map<string, Map<string, number>> {
  const starts = new Map<string, Map<string, number>>();
  scanIndex(bytes, (member, key, list) => {
    const keys = starts.get(member) ?? new Map<string, number>();
    starts.set(member, keys);
    keys.set(key, list.start);
    return false;
  });
  return starts;
}
