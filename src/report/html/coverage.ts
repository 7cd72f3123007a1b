import type { RunSet } from '../../runs/run-set.ts';
import { runsText } from '../lines.ts';
import { placeNames, runPlaces, type Status } from '../status.ts';
import { lastUnits, type Piece, type Stripe } from './axis.ts';
import { type ChartOptions, chart, short } from './chart.ts';
import { html, type Markup } from './markup.ts';
import type { Problem } from './problems.ts';
import { lengthOf } from './segments.ts';

/** Columns of a picture: two pixels each on a usual screen. */
const COLUMNS = 600;
/** Run numbers in the picture of the newest runs. */
const NEWEST = 150;

/** A picture of all runs, and another one of the newest. */
export function coverage(
  pieces: readonly Piece[],
  problems: readonly Problem[],
  { places }: Status,
  selection: RunSet | undefined,
): Markup {
  const total = pieces.reduce((sum, { units }) => sum + units, 0);
  if (total === 0) return html`<p class="quiet">No place that answered has runs.</p>`;
  const all = picture(selection === undefined ? 'All runs' : 'Selected runs', pieces);
  if (total <= NEWEST) return all;
  return html`${all}${picture(`The last ${NEWEST}`, lastUnits(pieces, NEWEST))}`;

  function picture(title: string, shown: readonly Piece[]): Markup {
    const options: ChartOptions = {
      places,
      label: `${title}: arrow keys move along the runs`,
      columns: COLUMNS,
      size: 'large',
    };
    const { markup, stripes } = chart(shown, options);
    return html`<figure class="coverage"><figcaption>${title}</figcaption><div class="names" aria-hidden="true">${runPlaces.map((place) => html`<span>${placeNames[place]}</span>`)}</div><div class="picture">${markers(stripes, problems)}${markup}</div></figure>
`;
  }
}

/** All signs in one of so many parts of the width become one, in its middle. */
const BINS = 24;

/** Runs of each problem. */
type Counts = Map<Problem, number>;

/** Signs above the runs that need attention, however narrow their column is; each leads to its problem. */
function markers(stripes: readonly Stripe[], problems: readonly Problem[]): Markup {
  const bins = new Map<number, Counts>();
  const marked = problems.filter(({ isBacklog, isUnmarked }) => !isBacklog && !isUnmarked);
  for (const { from, to, parts } of stripes) {
    const bin = Math.min(BINS - 1, Math.floor(((from + to) / 2) * BINS));
    for (const problem of marked) {
      const runs = parts.filter(problem.holds).reduce((sum, part) => sum + lengthOf(part), 0);
      if (runs === 0) continue;
      const counts: Counts = bins.get(bin) ?? new Map();
      bins.set(bin, counts.set(problem, (counts.get(problem) ?? 0) + runs));
    }
  }
  let previous = { bin: -BINS, isRaised: false };
  const marks = [...bins].map(([bin, counts]) => {
    previous = { bin, isRaised: bin === previous.bin + 1 && !previous.isRaised };
    return mark((bin + 0.5) / BINS, counts, previous.isRaised);
  });
  return html`<div class="marks">${marks}</div>`;
}

/** @param isRaised it stands in a second row, because a neighbour is near */
function mark(center: number, counts: Counts, isRaised: boolean): Markup {
  const found = [...counts];
  const [worst] = found.reduce((one, other) => (urgency(other[0]) > urgency(one[0]) ? other : one));
  const count = counts.get(worst) ?? 0;
  const lines = found.map(([{ title }, runs]) => `${title}: ${runsText(runs)}`).join('\n');
  return html`<a class="mark ${worst.level}${isRaised ? ' raised' : ''}" style="left:${short(center * 100)}%" href="#${worst.kind}" title="${lines}" aria-label="${lines}">${worst.sign}<small>${abbreviated(count)}</small></a>`;
}

/** `12`, `1.2K`: there is little room. */
function abbreviated(count: number): string {
  return count.toLocaleString('en-US', { notation: 'compact' });
}

function urgency({ level }: Problem): number {
  return ['info', 'warning', 'error'].indexOf(level);
}
