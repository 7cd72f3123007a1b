import { formatRuns } from '../../runs/ranges.ts';
import { explainedRuns, unexplainedRuns } from '../failed-runs.ts';
import type { Status } from '../status.ts';
import { counted, runsText, timeText } from './describe.ts';
import { html, type Markup } from './markup.ts';

const shownRuns = 50;

/** When and why the runs of a stage's failure log failed, newest run first. */
export function failureReasons(stage: Status['stages'][number] | undefined): Markup | undefined {
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
