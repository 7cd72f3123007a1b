import type { Status } from '../status.ts';
import type { Piece } from './axis.ts';
import { type Span, toSpans } from './columns.ts';
import { describeSpan, lanes } from './describe.ts';
import { lanePaths, pictureWidth, short } from './lane-paths.ts';
import { html, type Markup } from './markup.ts';
import { ticks } from './ticks.ts';

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
