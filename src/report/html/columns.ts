import type { NumberRange } from '../../runs/number-ranges.ts';
import type { Piece } from './axis.ts';
import { lengthOf, type Segment } from './segments.ts';

/** A part of the picture: all of it in one state, or one column with runs in different states. */
export interface Span extends NumberRange {
  /** Where it begins and ends, as parts of the picture's width. */
  readonly from: number;
  readonly to: number;
  /** The runs of the span by state, ascending and without a hole. */
  readonly parts: readonly Segment[];
  readonly isBreak: boolean;
}

/**
 * Divides an axis into at most `most` columns of equal width (one for each run, if they suffice) and joins neighbours that
 * are one state. Every run is in exactly one span, so that none can hide.
 */
export function toSpans(pieces: readonly Piece[], most: number): Span[] {
  const total = pieces.reduce((sum, { units }) => sum + units, 0);
  const columns = Math.min(total, most);
  const edge = (column: number) => Math.floor((column * total) / columns);
  const spans: Span[] = [];
  let column = 0;
  let start = 0;
  let open: { parts: Segment[]; isBreak: boolean } = { parts: [], isBreak: false };
  for (const piece of pieces) {
    const end = start + piece.units;
    let from = start;
    while (from < end) {
      const to = Math.min(end, edge(column + 1));
      open.parts.push(cut(piece, from - start, to - start));
      open.isBreak ||= piece.isBreak;
      if (to === edge(column + 1)) {
        append(spans, open, edge(column) / total, to / total);
        open = { parts: [], isBreak: false };
        column++;
      }
      from = to;
    }
    start = end;
  }
  return spans;
}

/** The runs of a piece between two positions on it, in units. */
function cut({ segment, units, isBreak }: Piece, from: number, to: number): Segment {
  const offset = (unit: number) => (isBreak ? Math.floor((unit / units) * lengthOf(segment)) : unit);
  const runAt = (unit: number) => segment.first + offset(unit);
  return { ...segment, first: runAt(from), last: runAt(to) - 1 };
}

function append(
  spans: Span[],
  { parts, isBreak }: { parts: readonly Segment[]; isBreak: boolean },
  from: number,
  to: number,
): void {
  const first = parts[0];
  const last = parts.at(-1);
  if (first === undefined || last === undefined) return;
  const previous = spans.at(-1);
  // The parts that were cut from one segment share its cells.
  const before = previous?.parts.length === 1 ? previous.parts[0] : undefined;
  if (previous !== undefined && before !== undefined && parts.length === 1 && before.cells === first.cells) {
    const joined = { ...before, last: last.last };
    spans[spans.length - 1] = { ...previous, last: last.last, to, parts: [joined] };
  } else {
    spans.push({ first: first.first, last: last.last, from, to, parts, isBreak });
  }
}
