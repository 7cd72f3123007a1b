import { formatRuns, type NumberRange, rangeText } from '../../runs/run-set.ts';
import { explainedRuns, type Status, unexplainedRuns } from '../status.ts';
import { piecesBetween } from './axis.ts';
import { chart } from './chart.ts';
import { counted, runsText, timeText } from './describe.ts';
import { html, type Markup } from './markup.ts';
import type { Problem } from './problems.ts';
import { lengthOf, type Segment } from './segments.ts';

/** Ranges of a problem that get a picture of their own, and those that are at least named. */
const pictured = 10;
const named = 300;
/** Runs to the left and right in a picture: a tenth of the range, but at least so many. */
const leastMargin = 12;
const columns = 80;

/** Each problem with a close-up of its newest ranges, the others as text; of failed runs also why. */
export function problemList(
  problems: readonly Problem[],
  segments: readonly Segment[],
  { places, stages }: Status,
): Markup {
  if (problems.length === 0) return html`<p class="quiet">No run is known to be missing anywhere.</p>`;
  return html`${problems.map((problem) => {
    const newest = [...problem.ranges].reverse();
    const rest = newest.slice(pictured);
    return html`<section class="problem ${problem.level}" id="${problem.kind}">
<h3><span class="sign" aria-hidden="true">${problem.sign}</span>${problem.title} <span class="count">${summary(problem)}</span></h3>
<p class="advice">${problem.advice}</p>
${failureReasons(stages.find(({ stage }) => stage === problem.failedIn))}
<div class="closeups">${newest.slice(0, pictured).map((range) => closeUp(range, problem, segments, places))}</div>
${rest.length === 0 ? undefined : remaining(rest)}</section>
`;
  })}`;
}

function summary({ ranges, total }: Problem): string {
  return ranges.length === total || ranges.length === 1
    ? runsText(total)
    : `${runsText(total)} in ${counted(ranges.length)} ranges`;
}

function closeUp(
  range: NumberRange,
  { title }: Problem,
  segments: readonly Segment[],
  places: Status['places'],
): Markup {
  const margin = Math.max(leastMargin, Math.ceil(lengthOf(range) / 10));
  const pieces = piecesBetween(segments, range.first - margin, range.last + margin);
  const { markup } = chart(pieces, { places, label: `Around ${rangeText(range)}`, columns, size: 'small' });
  const count = range.first === range.last ? undefined : html` <span>${runsText(lengthOf(range))}</span>`;
  return html`<figure><figcaption><b>${rangeText(range)}</b>${count}<span class="away"> ${title}</span></figcaption>${markup}</figure>
`;
}

function remaining(ranges: readonly NumberRange[]): Markup {
  const shown = ranges.slice(0, named).map(rangeText).join(', ');
  const more = ranges.length - named;
  const end = more > 0 ? ` and ${counted(more)} more; --json lists them all` : '';
  return html`<details><summary>${counted(ranges.length)} more</summary><p class="ranges">${shown}${end}</p></details>`;
}

const shownRuns = 50;

/** When and why the runs of a stage's failure log failed, newest run first. */
function failureReasons(stage: Status['stages'][number] | undefined): Markup | undefined {
  if (stage === undefined || 'error' in stage) return undefined;
  const newest = explainedRuns(stage).reverse();
  if (newest.length === 0) return undefined;
  const unexplained = unexplainedRuns(stage);
  const more = newest.length - shownRuns;
  return html`<ul class="reasons">${newest
    .slice(0, shownRuns)
    .map(
      ({ run, time, message }) =>
        html`<li><b>${run}</b> <time datetime="${time}">${timeText(time)}</time> ${message}</li>`,
    )}${more > 0 ? html`<li class="quiet">${counted(more)} more; --json tells of all</li>` : undefined}${
    unexplained.length > 0
      ? html`<li class="quiet">Not noted why: ${runsText(unexplained.length)} (${formatRuns(unexplained)})</li>`
      : undefined
  }</ul>`;
}
