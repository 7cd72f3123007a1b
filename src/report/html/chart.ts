import { type RunPlace, runPlaces, type Status } from '../status.ts';
import { type Piece, type Stripe, ticks, toStripes } from './axis.ts';
import { describeStripe } from './describe.ts';
import { html, type Markup } from './markup.ts';
import type { CellState } from './segments.ts';

/** Width of the picture in its own units; the page stretches it. */
export const PICTURE_WIDTH = 1000;

/** How a picture is drawn. */
export interface ChartOptions {
  readonly places: Status['places'];
  /** What it shows, for readers who can't see it. */
  readonly label: string;
  /** At most this many columns. */
  readonly columns: number;
  readonly size: 'large' | 'small';
}

/** Height of a lane and the space between two, in pixels. */
const sizes = { large: { lane: 26, space: 8 }, small: { lane: 8, space: 3 } } as const;

/** The places' lanes over a stretch of runs, with titles that tell what is under the pointer, and an axis. */
export function chart(
  pieces: readonly Piece[],
  options: ChartOptions,
): { markup: Markup; stripes: Stripe[] } {
  const { lane, space } = sizes[options.size];
  const stripes = toStripes(pieces, options.columns);
  const height = runPlaces.length * (lane + space) - space;
  const backgrounds = runPlaces.map((place, index) => {
    const isUnknown = options.places.find((status) => status.place === place)?.runs === undefined;
    const name = isUnknown ? 'lane unknown' : 'lane';
    return html`<i class="${name}" style="top:${index * (lane + space)}px;height:${lane}px"></i>`;
  });
  const paths = runPlaces.map((place, index) => {
    const shapes = lanePaths(stripes, place, lane).map(
      ([shape, d]) => html`<path class="${shape}" d="${d}"/>`,
    );
    return html`<g transform="translate(0 ${index * (lane + space)})">${shapes}</g>`;
  });
  const markup = html`<div class="plot ${options.size}">${backgrounds}<svg viewBox="0 0 ${PICTURE_WIDTH} ${height}" height="${height}" preserveAspectRatio="none" role="group" aria-label="${options.label}">${paths}${breaks(stripes, height)}<g class="hits">${stripes.map((stripe, index) => hit(stripe, index, height))}</g></svg></div>
<div class="axis" aria-hidden="true">${ticks(pieces, options.size === 'large' ? 6 : 0).map(
    ({ at, text, edge }) => html`<span class="${edge}" style="left:${short(at * 100)}%">${text}</span>`,
  )}</div>`;
  return { markup, stripes };
}

/** Dashed lines at the edges of a stretch that is drawn short. */
function breaks(stripes: readonly Stripe[], height: number): Markup | undefined {
  const edges = stripes
    .filter(({ isBreak, parts }) => isBreak && parts.length === 1)
    .flatMap(({ from, to }) => [from, to]);
  if (edges.length === 0) return undefined;
  return html`<path class="break" d="${edges.map((at) => `M${short(at * PICTURE_WIDTH)} 0V${height}`).join('')}"/>`;
}

/** What the pointer finds, in all lanes at once. Tab reaches the first one, and arrow keys the others from there. */
function hit(stripe: Stripe, index: number, height: number): Markup {
  const x = short(stripe.from * PICTURE_WIDTH);
  const width = short((stripe.to - stripe.from) * PICTURE_WIDTH);
  const tabIndex = index === 0 ? 0 : -1;
  return html`<rect x="${x}" width="${width}" height="${height}" tabindex="${tabIndex}" role="img"><title>${describeStripe(stripe)}</title></rect>`;
}

type Shape = 'present' | 'incomplete' | 'hole' | 'absent' | 'waiting' | 'skipped' | 'failed';

/** In the order of drawing: what matters more covers what matters less. */
const shapes: readonly Shape[] = ['present', 'hole', 'incomplete', 'absent', 'waiting', 'skipped', 'failed'];
/** What is unknown or not asked for has no shape, so the lane's own pattern stays visible. */
const shapeOf: Readonly<Partial<Record<CellState, Shape>>> = {
  present: 'present',
  incomplete: 'incomplete',
  unused: 'hole',
  absent: 'absent',
  'given-up': 'absent',
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
 * A place's lane as one path for each shape. If a column has both present runs and others, the present ones keep the lower half
 * and the worst of the others gets the upper half, so that every missing run breaks the line.
 * @returns shape and path data; the lane is `height` high and begins at 0
 */
export function lanePaths(stripes: readonly Stripe[], place: RunPlace, height: number): [Shape, string][] {
  const boxes = new Map<Shape, Box[]>(shapes.map((shape) => [shape, []]));
  for (const { from, to, parts } of stripes) {
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

/** Joins boxes that touch, because a seam between them would show. */
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
  const left = short(from * PICTURE_WIDTH);
  const right = short(to * PICTURE_WIDTH);
  return `M${left} ${short(top * height)}H${right}V${short(bottom * height)}H${left}z`;
}

/** A length with at most two decimals. */
export function short(length: number): string {
  return String(Math.round(length * 100) / 100);
}

const entries = [
  ['present', 'M0 0H20V14H0z', 'present'],
  ['incomplete', 'M1 1H19V13H1z', 'without stop time'],
  ['failed', 'M0 0H20V14H0z', 'failed'],
  ['skipped', 'M0 3.5H20V10.5H0z', 'skipped'],
  ['waiting', 'M0 9H20V14H0z', 'waiting'],
  ['absent', 'M0 5.6H20V8.4H0z', 'only elsewhere, or given up'],
  ['hole', 'M0 0H20V14H0z', 'unused run number'],
] as const;

/** What the shapes in the pictures mean. */
export function legend(): Markup {
  return html`<ul class="legend" aria-label="Legend">${entries.map(
    ([shape, d, text]) => html`<li>${swatch(html`<path class="${shape}" d="${d}"/>`)}${text}</li>`,
  )}<li>${swatch(html`<path class="present" d="M0 0H8V14H0zM8 7H12V14H8zM12 0H20V14H12z"/>`)}some in this column are not here</li><li><i class="lane unknown"></i>could not be asked</li></ul>`;
}

function swatch(shape: Markup): Markup {
  return html`<svg width="20" height="14" viewBox="0 0 20 14" aria-hidden="true"><path class="hole" d="M0 0H20V14H0z"/>${shape}</svg>`;
}
