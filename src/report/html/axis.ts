import type { NumberRange } from '../../runs/run-set.ts';
import { type CellState, lengthOf, type Segment } from './segments.ts';

/** A segment and the room that it takes. One unit is one run, except on a long stretch of unused numbers. */
export interface Piece {
  readonly segment: Segment;
  readonly units: number;
  /** The stretch is drawn shorter than it is. */
  readonly isBreak: boolean;
}

const emptyStates: ReadonlySet<CellState> = new Set(['unused', 'unknown', 'unselected']);
/** Only unused stretches of more runs are shortened. */
const SHORTEST_BREAK = 50;
/** The room of a shortened stretch, as a part of the number of known runs. */
const BREAK_ROOM = 1 / 40;

/**
 * Lays segments out on an axis. Shortens a stretch of unused numbers that is longer than all known runs together, because it
 * would leave them no room: a single directory with a wrong number does that.
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
  // Unused numbers at the beginning show nothing.
  while (kept[0] !== undefined && isUnused(kept[0].segment)) kept.shift();
  return kept;
}

/** Are the runs in no place that was asked, and in no failure log? */
export function isUnused({ cells, failedIn }: Segment): boolean {
  return failedIn.length === 0 && Object.values(cells).every((state) => emptyStates.has(state));
}

/** The pieces of the runs from `first` to `last`, none shortened. */
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
export interface Stripe extends NumberRange {
  /** Its edges, as parts of the picture's width. */
  readonly from: number;
  readonly to: number;
  /** Its runs by state, ascending and without a hole. */
  readonly parts: readonly Segment[];
  readonly isBreak: boolean;
}

/**
 * Divides an axis into at most `most` columns of equal width (one for each run, if they suffice), and joins neighbours that have
 * the same single state. Every run is in exactly one stripe, so none can hide.
 */
export function toStripes(pieces: readonly Piece[], most: number): Stripe[] {
  const total = pieces.reduce((sum, { units }) => sum + units, 0);
  const columns = Math.min(total, most);
  const edge = (column: number) => Math.floor((column * total) / columns);
  const stripes: Stripe[] = [];
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
        append(stripes, open, edge(column) / total, to / total);
        open = { parts: [], isBreak: false };
        column++;
      }
      from = to;
    }
    start = end;
  }
  return stripes;
}

/** The runs of a piece between two positions on it, in units. */
function cut({ segment, units, isBreak }: Piece, from: number, to: number): Segment {
  const offset = (unit: number) => (isBreak ? Math.floor((unit / units) * lengthOf(segment)) : unit);
  const runAt = (unit: number) => segment.first + offset(unit);
  return { ...segment, first: runAt(from), last: runAt(to) - 1 };
}

function append(
  stripes: Stripe[],
  { parts, isBreak }: { parts: readonly Segment[]; isBreak: boolean },
  from: number,
  to: number,
): void {
  const first = parts[0];
  const last = parts.at(-1);
  if (first === undefined || last === undefined) return;
  const previous = stripes.at(-1);
  // The parts that were cut from one segment share its cells.
  const before = previous?.parts.length === 1 ? previous.parts[0] : undefined;
  if (previous !== undefined && before !== undefined && parts.length === 1 && before.cells === first.cells) {
    const joined = { ...before, last: last.last };
    stripes[stripes.length - 1] = { ...previous, last: last.last, to, parts: [joined] };
  } else {
    stripes.push({ first: first.first, last: last.last, from, to, parts, isBreak });
  }
}

/** A label under the picture. */
export interface Tick {
  /** Part of the width. */
  readonly at: number;
  readonly text: string;
  readonly edge: 'first' | 'inner' | 'last';
}

/** Labels that are nearer to each other, as a part of the width, are left out; the last one stands at its right edge. */
const [LEAST_DISTANCE, LEAST_TO_LAST] = [0.09, 0.15];
const BREAK_SIGN = '≈';

/** The first and the last run, about `count` round numbers between them, and a sign at each shortened stretch. */
export function ticks(pieces: readonly Piece[], count: number): Tick[] {
  const total = pieces.reduce((sum, { units }) => sum + units, 0);
  const first = pieces[0]?.segment.first;
  const last = pieces.at(-1)?.segment.last;
  if (first === undefined || last === undefined) return [];
  const found: Tick[] = [{ at: 0, text: String(first), edge: 'first' }];
  const step = count === 0 ? Number.POSITIVE_INFINITY : roundStep(total / count);
  const add = (at: number, text: string) => {
    const isFree = at - (found.at(-1)?.at ?? 0) >= LEAST_DISTANCE && 1 - at >= LEAST_TO_LAST;
    if (isFree) found.push({ at, text, edge: 'inner' });
  };
  let start = 0;
  for (const { segment, units, isBreak } of pieces) {
    if (isBreak) {
      add((start + units / 2) / total, BREAK_SIGN);
    } else {
      for (let run = Math.ceil(segment.first / step) * step; run <= segment.last; run += step) {
        if (run !== last) add((start + run - segment.first + 0.5) / total, String(run));
      }
    }
    start += units;
  }
  if (last > first) found.push({ at: 1, text: String(last), edge: 'last' });
  return found;
}

/** The next 1, 2 or 5 with zeros. */
function roundStep(least: number): number {
  const power = 10 ** Math.max(0, Math.floor(Math.log10(least)));
  return power * ([1, 2, 5].find((factor) => factor * power >= least) ?? 10);
}
