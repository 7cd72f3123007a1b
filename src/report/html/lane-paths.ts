import type { RunPlace } from '../status.ts';
import type { Span } from './axis.ts';
import type { CellState } from './segments.ts';

/** Width of the picture in its own units; it is stretched to the page. */
export const pictureWidth = 1000;

type Shape = 'present' | 'incomplete' | 'hole' | 'absent' | 'waiting' | 'skipped' | 'failed';

/** In the order in which they are drawn: what matters more lies over what matters less. */
const shapes: readonly Shape[] = ['present', 'hole', 'incomplete', 'absent', 'waiting', 'skipped', 'failed'];
/** What can't be known, or is not asked for, has no shape: the lane's own pattern stays visible. */
const shapeOf: Readonly<Partial<Record<CellState, Shape>>> = {
  present: 'present',
  incomplete: 'incomplete',
  unused: 'hole',
  absent: 'absent',
  waiting: 'waiting',
  late: 'waiting',
  uncompared: 'waiting',
  skipped: 'skipped',
  failed: 'failed',
};
/** Top and bottom of a shape as parts of the lane: states also differ in form, not only in colour. */
const extents: Readonly<Record<Shape, readonly [number, number]>> = {
  present: [0, 1],
  hole: [0, 1],
  incomplete: [0, 1],
  absent: [0.4, 0.6],
  waiting: [0.65, 1],
  skipped: [0.25, 0.75],
  failed: [0, 1],
};

interface Box {
  readonly from: number;
  readonly to: number;
  readonly top: number;
  readonly bottom: number;
}

/**
 * A place's lane as one path for each shape. Where a column holds both runs that are there and others, what is there keeps the
 * lower half and the worst of the others gets the upper: whatever is missing breaks the line.
 * @returns shape and path data; the lane is `height` high and begins at 0
 */
export function lanePaths(spans: readonly Span[], place: RunPlace, height: number): [Shape, string][] {
  const boxes = new Map<Shape, Box[]>(shapes.map((shape) => [shape, []]));
  for (const { from, to, parts } of spans) {
    const found = new Set(parts.map(({ cells }) => shapeOf[cells[place]]));
    const worst = shapes.findLast((shape) => found.has(shape));
    if (worst === undefined) continue;
    const isMixed = found.has('present') && found.size > 1;
    const [top, bottom] = isMixed ? [0, 0.5] : extents[worst];
    if (isMixed) boxes.get('present')?.push({ from, to, top: 0.5, bottom: 1 });
    boxes.get(worst)?.push({ from, to, top, bottom });
  }
  return shapes.flatMap((shape) => {
    const path = joined(boxes.get(shape) ?? [])
      .map((box) => boxPath(box, height))
      .join('');
    return path === '' ? [] : [[shape, path]];
  });
}

/** Boxes that touch would show a seam between them. */
function joined(boxes: readonly Box[]): Box[] {
  const found: Box[] = [];
  for (const box of boxes) {
    const previous = found.at(-1);
    if (previous?.to === box.from && previous.top === box.top && previous.bottom === box.bottom) {
      found[found.length - 1] = { ...previous, to: box.to };
    } else found.push(box);
  }
  return found;
}

function boxPath({ from, to, top, bottom }: Box, height: number): string {
  const left = short(from * pictureWidth);
  const right = short(to * pictureWidth);
  return `M${left} ${short(top * height)}H${right}V${short(bottom * height)}H${left}z`;
}

/** A length with at most two decimals. */
export function short(length: number): string {
  return String(Math.round(length * 100) / 100);
}
