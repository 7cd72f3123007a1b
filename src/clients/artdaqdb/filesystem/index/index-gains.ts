import { type ListedText, OUID } from './index-entry.ts';
import { decodeText, eachText, type IndexLayout, type Span, scanIndex } from './index-scan.ts';
import { TextTable } from './text-table.ts';

/** An index and where its parts are. */
export interface ScannedIndex {
  readonly bytes: Buffer;
  readonly layout: IndexLayout;
}

/**
 * What one state of an index lists and the other doesn't. Equal lists, nearly all of them, are told by their bytes, and of
 * the lists only the places of one state are kept: there are a hundred thousand.
 */
export function gainsOf(gained: ScannedIndex, current: ScannedIndex): ListedText[] {
  const starts = new Map<string, number>();
  scanIndex(current.bytes, (member, key, list) => {
    starts.set(placeOf(member, key), list.start);
    return false;
  });
  const gains: ListedText[] = [];
  const compare = (member: string, key: string, list: Span, start: number | undefined): void => {
    if (start !== undefined && isEqual(gained.bytes, list, current.bytes, start)) return;
    const known = start === undefined ? undefined : new TextTable(current.bytes, { start });
    eachText(gained.bytes, list.start, (from, to) => {
      if (!known?.has(gained.bytes, from, to)) gains.push([member, key, decodeText(gained.bytes, from, to)]);
    });
  };
  const { ouid } = gained.layout;
  if (ouid !== undefined) compare(OUID, '', ouid, current.layout.ouid?.start);
  scanIndex(gained.bytes, (member, key, list) => {
    compare(member, key, list, starts.get(placeOf(member, key)));
    return false;
  });
  return gains;
}

/** A list ends with its bracket, so that equal bytes are the whole of it. */
function isEqual(bytes: Buffer, list: Span, others: Buffer, start: number): boolean {
  const end = Math.min(start + list.end - list.start, others.length);
  return bytes.compare(others, start, end, list.start, list.end) === 0;
}

function placeOf(member: string, key: string): string {
  return `${member}\0${key}`;
}
