import type { NumberRange } from '../../runs/run-set.ts';
import { type CellState, lengthOf, type Segment } from './segments.ts';

/** A segment and the room it takes. One unit is one run, except on a long stretch of unused numbers. */
export interface Piece {
  readonly segment: Segment;
  readonly units: number;
  /** Is the stretch drawn shorter than it is? */
  readonly isBreak: boolean;
}

const emptyStates: ReadonlySet<CellState> = new Set(['unused', 'unknown', 'unselected']);
/** An unused stretch is shortened only beyond this many runs. */
const SHORTEST_BREAK = 50;
/** The part of the room that a shortened stretch takes, in runs known. */
const BREAK_ROOM = 1 / 40;

/**
 * Lays segments out on an axis. A stretch of unused numbers that is longer than all known runs together (one directory with a
 * wrong number is enough for that) would leave no room for the runs, so it is shortened.
 */
export function layOut(segments: readonly Segment[]): Piece[] {
  const known = segments.filter((segment) => !isUnused(segment)).reduce((sum, s) => sum + lengthOf(s), 0);
  const room = Math.ceil(known * BREAK_ROOM);
  const longest = Math.max(SHORTEST_BREAK, known);
  return segments.map((segment) => {
    const isBreak =
      segment.cells.filesystem === 'unselected' || (isUnused(segment) && lengthOf(segment) > longest);
    return { segment, units: isBreak ? Math.min(room, lengthOf(segment)) : lengthOf(segment), isBreak };
  });
}

/** The last so many units of an axis. */
export function lastUnits(pieces: readonly Piece[], units: number): Piece[] {
  const kept: Piece[] = [];
  let left = units;
  for (const piece of [...pieces].reverse()) {
    if (left === 0) break;
    const taken = Math.min(left, piece.units);
    kept.unshift(taken === piece.units || piece.isBreak ? piece : endOf(piece, taken));
    left -= taken;
  }
  // Leading numbers that nobody has show nothing.
  while (kept[0] !== undefined && isUnused(kept[0].segment)) kept.shift();
  return kept;
}

/** Does no place that was asked, and no failure log, have the runs? */
export function isUnused({ cells, failedIn }: Segment): boolean {
  return failedIn.length === 0 && Object.values(cells).every((state) => emptyStates.has(state));
}

/** The pieces of the runs from `first` to `last`, none of them shortened. */
export function piecesBetween(segments: readonly Segment[], first: number, last: number): Piece[] {
  return segments
    .filter((segment) => segment.last >= first && segment.first <= last)
    .map((segment) => {
      const clipped = {
        ...segment,
        first: Math.max(segment.first, first),
        last: Math.min(segment.last, last),
      };
      return { segment: clipped, units: lengthOf(clipped), isBreak: false };
    });
}

function endOf({ segment, isBreak }: Piece, units: number): Piece {
  return { segment: { ...segment, first: segment.last - units + 1 }, units, isBreak };
}

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
