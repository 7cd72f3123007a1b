import { quoteJson } from '../../../fhicl/json.ts';
import { parseRunNumber } from '../../../runs/run-number.ts';
import { RunRanges } from '../../../runs/run-set.ts';
import { runOf } from '../../configuration-name.ts';
import { OBJECT_ID } from '../../stored-document.ts';
import { ENTITIES, listText, RUNS } from './index-entry.ts';
import { ID_STRIDE, type IndexLayout, type ListSpan } from './index-layout.ts';
import type { Edit, IndexEdits } from './index-splice.ts';

/**
 * The layout of an index after edits, as a scan with a filter for no lists would find it.
 * @returns undefined if the edits are unusual; then the file has to be scanned
 */
export function layoutAfter(layout: IndexLayout, { edits, isUsual }: IndexEdits): IndexLayout | undefined {
  if (!isUsual) return undefined;
  const moves = new Moves(edits);
  const moved = <Span extends { start: number; end: number }>(span: Span): Span => ({
    ...span,
    start: moves.before(span.start),
    end: moves.before(span.end),
  });
  const movedList = (list: ListSpan): ListSpan => {
    const { start, end } = moved(list);
    return { ...list, start, end, count: list.isIds ? (end - start - 2) / ID_STRIDE : list.count };
  };
  const tables = new Map(
    [...layout.tables].map(([member, table]) => [member, table.moved((key) => moves.before(key))]),
  );
  const maps = new Map(
    [...layout.maps].map(([member, map]) => {
      const kept = member === ENTITIES ? [...map.lists] : [];
      const lists = new Map(kept.map(([key, list]) => [key, movedList(list)]));
      const lastEntryEnd = map.lastEntryEnd === undefined ? undefined : moves.behind(map.lastEntryEnd);
      return [member, { ...moved(map), lastEntryEnd, lists }];
    }),
  );
  const ranges = new RunRanges();
  for (const edit of edits) {
    for (const { member, key, start, list } of newEntries(edit, moves)) {
      const run = member === RUNS ? parseRunNumber(key) : runOf(key);
      if (member === ENTITIES) maps.get(member)?.lists.set(key, list);
      if (run === undefined) continue;
      ranges.add(run);
      tables.get(member)?.add(run, start);
    }
  }
  return {
    length: layout.length + moves.growth,
    lastMemberEnd: layout.lastMemberEnd === undefined ? undefined : moves.before(layout.lastMemberEnd),
    members: layout.members,
    ouid: layout.ouid && movedList(layout.ouid),
    maps,
    tables,
    runs: layout.runs.union(ranges.toSet()),
  };
}

interface NewEntry {
  readonly member: string;
  readonly key: string;
  /** Where the key begins, behind its quote. */
  readonly start: number;
  readonly list: ListSpan;
}

/** The entries that an edit adds to a map, where they are in the new file. */
function* newEntries(edit: Edit, moves: Moves): Generator<NewEntry> {
  if (edit.entries === undefined) return;
  const { member, lists } = edit.entries;
  let place = moves.before(edit.start);
  for (const [key, texts] of lists) {
    const start = place + ',\n"'.length;
    const listStart = start - 1 + Buffer.byteLength(quoteJson(key)) + ' : '.length;
    const end = listStart + Buffer.byteLength(listText(texts));
    const isIds = texts.every((text) => OBJECT_ID.test(text));
    yield { member, key, start, list: { start: listStart, end, count: texts.length, isIds } };
    place = end;
  }
}

/** Where the bytes of the old file are in the new one. */
class Moves {
  /** By how much the file grew in all. */
  readonly growth: number;
  readonly #starts: readonly number[];
  /** How many bytes the edits up to each one add, itself left out. */
  readonly #added: readonly number[];

  /** @param edits that only add */
  constructor(edits: readonly Edit[]) {
    const added = [0];
    for (const { text } of edits) added.push((added.at(-1) ?? 0) + Buffer.byteLength(text));
    this.#starts = edits.map(({ start }) => start);
    this.#added = added;
    this.growth = added.at(-1) ?? 0;
  }

  /** The new place of a byte, or of what is added before it. */
  before(place: number): number {
    return place + this.#addedBy((start) => start < place);
  }

  /** The new place of what stood at a place, behind what is added there. */
  behind(place: number): number {
    return place + this.#addedBy((start) => start <= place);
  }

  #addedBy(isBefore: (start: number) => boolean): number {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(this.#starts[middle] ?? 0)) low = middle + 1;
      else high = middle;
    }
    return this.#added[low] ?? 0;
  }
}
