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
