import type { Piece } from './axis.ts';

/** A label under the picture. */
export interface Tick {
  /** Part of the width. */
  readonly at: number;
  readonly text: string;
  readonly edge: 'first' | 'inner' | 'last';
}

/** Labels nearer to each other than this part of the width are left out. */
const LEAST_DISTANCE = 0.09;
const breakSign = '≈';

/** The first and the last run, about `count` round numbers between them, and a sign at each shortened stretch. */
export function ticks(pieces: readonly Piece[], count: number): Tick[] {
  const total = pieces.reduce((sum, { units }) => sum + units, 0);
  const first = pieces[0]?.segment.first;
  const last = pieces.at(-1)?.segment.last;
  if (first === undefined || last === undefined) return [];
  const found: Tick[] = [{ at: 0, text: String(first), edge: 'first' }];
  const step = count === 0 ? Number.POSITIVE_INFINITY : roundStep(total / count);
  const add = (at: number, text: string) => {
    const isFree = at - (found.at(-1)?.at ?? 0) >= LEAST_DISTANCE && 1 - at >= LEAST_DISTANCE;
    if (isFree) found.push({ at, text, edge: 'inner' });
  };
  let start = 0;
  for (const { segment, units, isBreak } of pieces) {
    if (isBreak) {
      add((start + units / 2) / total, breakSign);
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
