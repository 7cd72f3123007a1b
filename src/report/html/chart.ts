import type { Status } from '../status.ts';
import type { Piece } from './axis.ts';
import { type Span, toSpans } from './axis.ts';
import { describeSpan, lanes } from './describe.ts';
import { lanePaths, pictureWidth, short } from './lane-paths.ts';
import { html, type Markup } from './markup.ts';

/** How a picture is drawn. */
export interface ChartOptions {
  readonly places: Status['places'];
  /** What it shows, for those who don't see it. */
  readonly label: string;
  /** Columns that it has at most. */
  readonly columns: number;
  readonly size: 'large' | 'small';
}

/** Height of a lane and the space between two, in pixels. */
const sizes = { large: { lane: 26, space: 8 }, small: { lane: 8, space: 3 } } as const;

/** The places' lanes over a stretch of runs, with what lies under the pointer in its titles, and an axis. */
export function chart(pieces: readonly Piece[], options: ChartOptions): { markup: Markup; spans: Span[] } {
  const { lane, space } = sizes[options.size];
  const spans = toSpans(pieces, options.columns);
  const height = lanes.length * (lane + space) - space;
  const backgrounds = lanes.map((place, index) => {
    const isUnknown = options.places.find((status) => status.place === place)?.runs === undefined;
    const name = isUnknown ? 'lane unknown' : 'lane';
    return html`<i class="${name}" style="top:${index * (lane + space)}px;height:${lane}px"></i>`;
  });
  const paths = lanes.map((place, index) => {
    const shapes = lanePaths(spans, place, lane).map(([shape, d]) => html`<path class="${shape}" d="${d}"/>`);
    return html`<g transform="translate(0 ${index * (lane + space)})">${shapes}</g>`;
  });
  const markup = html`<div class="plot ${options.size}">${backgrounds}<svg viewBox="0 0 ${pictureWidth} ${height}" height="${height}" preserveAspectRatio="none" role="group" aria-label="${options.label}">${paths}${breaks(spans, height)}<g class="hits">${spans.map((span, index) => hit(span, index, height))}</g></svg></div>
<div class="axis" aria-hidden="true">${ticks(pieces, options.size === 'large' ? 6 : 0).map(
    ({ at, text, edge }) => html`<span class="${edge}" style="left:${short(at * 100)}%">${text}</span>`,
  )}</div>`;
  return { markup, spans };
}

/** Dashed lines where a long stretch is drawn short. */
function breaks(spans: readonly Span[], height: number): Markup | undefined {
  const edges = spans
    .filter(({ isBreak, parts }) => isBreak && parts.length === 1)
    .flatMap(({ from, to }) => [from, to]);
  if (edges.length === 0) return undefined;
  return html`<path class="break" d="${edges.map((at) => `M${short(at * pictureWidth)} 0V${height}`).join('')}"/>`;
}

/** What the pointer finds: all lanes at once. The first can be reached with Tab, the others from there with the arrow keys. */
function hit(span: Span, index: number, height: number): Markup {
  const x = short(span.from * pictureWidth);
  const width = short((span.to - span.from) * pictureWidth);
  const tabIndex = index === 0 ? 0 : -1;
  return html`<rect x="${x}" width="${width}" height="${height}" tabindex="${tabIndex}" role="img"><title>${describeSpan(span)}</title></rect>`;
}

const entries = [
  ['present', 'M0 0H20V14H0z', 'present'],
  ['incomplete', 'M1 1H19V13H1z', 'without stop time'],
  ['failed', 'M0 0H20V14H0z', 'failed'],
  ['skipped', 'M0 3.5H20V10.5H0z', 'skipped'],
  ['waiting', 'M0 9H20V14H0z', 'waiting'],
  ['absent', 'M0 5.6H20V8.4H0z', 'only elsewhere'],
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
