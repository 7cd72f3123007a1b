import type { StageName } from '../../errors.ts';
import { formatRuns, type NumberRange, rangeText } from '../../runs/run-set.ts';
import { counted, type ReportLine, runsText } from '../lines.ts';
import { explainedRuns, type Status, unexplainedRuns } from '../status.ts';
import { isUnused, piecesBetween } from './axis.ts';
import { chart } from './chart.ts';
import { timeText } from './describe.ts';
import { html, type Markup } from './markup.ts';
import { isThere, joinRanges, lengthOf, type Segment } from './segments.ts';

/** Something that an operator wants to know of some runs. */
export interface Problem {
  /** Also the anchor on the page. */
  readonly kind: string;
  readonly level: ReportLine['level'];
  /** One character for places without room for words. */
  readonly sign: string;
  readonly title: string;
  readonly advice: string;
  /** The stage whose failure log holds the runs, if that is the problem. */
  readonly failedIn?: StageName;
  /** The next executions deal with it. */
  readonly isBacklog?: boolean;
  /** So many runs have it, and nobody needs to act, that a sign above the lanes would only distract. */
  readonly isUnmarked?: boolean;
  readonly holds: (segment: Segment) => boolean;
  /** Ascending; never empty. */
  readonly ranges: readonly NumberRange[];
  /** Runs in all ranges. */
  readonly total: number;
}

type ProblemRule = Omit<Problem, 'ranges' | 'total'>;

const rules: readonly ProblemRule[] = [
  {
    kind: 'import-failed',
    failedIn: 'import',
    level: 'error',
    sign: '✕',
    title: 'Import failed',
    advice: 'In the import failure log. The log file says more; --retry-failed-import processes them.',
    holds: ({ failedIn }) => failedIn.includes('import'),
  },
  {
    kind: 'migrate-failed',
    failedIn: 'migrate',
    level: 'error',
    sign: '✕',
    title: 'Migration failed',
    advice: 'In the migrate failure log. The log file says more; --retry-failed-migrate processes them.',
    holds: ({ failedIn }) => failedIn.includes('migrate'),
  },
  {
    kind: 'import-skipped',
    level: 'warning',
    sign: '!',
    title: 'Skipped by the import',
    advice:
      'At or below the position and not in artdaqDB. An execution without --incremental imports them, --give-up skipped lets those be that UconDB lacks, too.',
    holds: ({ cells }) => cells.artdaqDB === 'skipped',
  },
  {
    kind: 'migrate-skipped',
    level: 'warning',
    sign: '!',
    title: 'Skipped by the migration',
    advice:
      'At or below the position and not in UconDB. An execution without --incremental migrates them, --give-up skipped lets them be.',
    holds: ({ cells }) => cells.UconDB === 'skipped',
  },
  {
    kind: 'outdated',
    level: 'warning',
    sign: '!',
    title: 'Stop time missing in UconDB',
    advice:
      'They got it in artdaqDB after their blob was stored; ucon_db.replace_incomplete replaces such blobs.',
    holds: ({ cells }) => cells.UconDB === 'incomplete',
  },
  {
    kind: 'without-files',
    level: 'warning',
    sign: '?',
    title: 'In artdaqDB without files',
    advice: 'The run directories may have been deleted.',
    holds: (segment) =>
      isThere(segment.cells.artdaqDB) &&
      !isThere(segment.cells.filesystem) &&
      segment.cells.filesystem !== 'unknown' &&
      !isGivenUp(segment),
  },
  {
    kind: 'only-in-ucondb',
    level: 'info',
    sign: '?',
    title: 'In UconDB, not in artdaqDB',
    advice: 'Stored by another program or moved out of artdaqDB.',
    holds: ({ cells }) => isThere(cells.UconDB) && !isThere(cells.artdaqDB) && cells.artdaqDB !== 'unknown',
  },
  {
    kind: 'to-import',
    isBacklog: true,
    level: 'info',
    sign: '▸',
    title: 'Waiting for import',
    advice: 'The next executions import them.',
    holds: ({ cells }) => ['waiting', 'late'].includes(cells.artdaqDB),
  },
  {
    kind: 'to-migrate',
    isBacklog: true,
    level: 'info',
    sign: '▸',
    title: 'Waiting for migration',
    advice: 'The next executions migrate them.',
    holds: ({ cells }) => isThere(cells.artdaqDB) && ['waiting', 'late'].includes(cells.UconDB),
  },
  {
    kind: 'uncompared',
    isBacklog: true,
    level: 'info',
    sign: '▸',
    title: 'Uploaded, not compared yet',
    advice:
      'They count as migrated once they are found equal; the next execution of the migrate stage compares them first.',
    holds: ({ cells }) => cells.UconDB === 'uncompared',
  },
  {
    kind: 'given-up',
    isUnmarked: true,
    level: 'info',
    sign: '–',
    title: 'Given up',
    advice: 'Somebody let them be, and “What to do” says why. --take-up takes them up again.',
    holds: isGivenUp,
  },
  {
    kind: 'unfinished',
    isUnmarked: true,
    level: 'info',
    sign: '▸',
    title: 'Archived without stop time',
    advice: 'It is added to artdaqDB when it appears in the run directory.',
    holds: ({ cells }) => cells.artdaqDB === 'incomplete',
  },
  {
    kind: 'gaps',
    level: 'info',
    sign: '○',
    title: 'Gaps',
    advice: 'Run numbers between the first and the last that were found nowhere.',
    holds: (segment) => isUnused(segment) && Object.values(segment.cells).includes('unused'),
  },
];

function isGivenUp({ cells }: Segment): boolean {
  return cells.artdaqDB === 'given-up' || cells.UconDB === 'given-up';
}

/** The problems that concern any run, the most urgent first. */
export function findProblems(segments: readonly Segment[]): Problem[] {
  return rules.flatMap((rule) => {
    const ranges = joinRanges(segments.filter(rule.holds));
    if (ranges.length === 0) return [];
    return [{ ...rule, ranges, total: ranges.reduce((sum, range) => sum + lengthOf(range), 0) }];
  });
}

/** Ranges of a problem that get a picture, and those that are at least named. */
const PICTURED = 10;
const NAMED = 300;
/** Runs to the left and right in a picture: a tenth of the range, but at least so many. */
const LEAST_MARGIN = 12;
const COLUMNS = 80;

/** Each problem with close-ups of its newest ranges, the other ranges as text, and the reasons of failed runs. */
export function problemList(
  problems: readonly Problem[],
  segments: readonly Segment[],
  { places, stages }: Status,
): Markup {
  if (problems.length === 0) return html`<p class="quiet">No run is known to be missing anywhere.</p>`;
  return html`${problems.map((problem) => {
    const newest = [...problem.ranges].reverse();
    const rest = newest.slice(PICTURED);
    return html`<section class="problem ${problem.level}" id="${problem.kind}">
<h3><span class="sign" aria-hidden="true">${problem.sign}</span>${problem.title} <span class="count">${summary(problem)}</span></h3>
<p class="advice">${problem.advice}</p>
${failureReasons(stages.find(({ stage }) => stage === problem.failedIn))}
<div class="closeups">${newest.slice(0, PICTURED).map((range) => closeUp(range, problem, segments, places))}</div>
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
  const margin = Math.max(LEAST_MARGIN, Math.ceil(lengthOf(range) / 10));
  const pieces = piecesBetween(segments, range.first - margin, range.last + margin);
  const { markup } = chart(pieces, {
    places,
    label: `Around ${rangeText(range)}`,
    columns: COLUMNS,
    size: 'small',
  });
  const count = range.first === range.last ? undefined : html` <span>${runsText(lengthOf(range))}</span>`;
  return html`<figure><figcaption><b>${rangeText(range)}</b>${count}<span class="away"> ${title}</span></figcaption>${markup}</figure>
`;
}

function remaining(ranges: readonly NumberRange[]): Markup {
  const shown = ranges.slice(0, NAMED).map(rangeText).join(', ');
  const more = ranges.length - NAMED;
  const end = more > 0 ? ` and ${counted(more)} more; --json lists them all` : '';
  return html`<details><summary>${counted(ranges.length)} more</summary><p class="ranges">${shown}${end}</p></details>`;
}

const SHOWN_RUNS = 50;

/** When and why the runs of a stage's failure log failed, newest run first. */
function failureReasons(stage: Status['stages'][number] | undefined): Markup | undefined {
  if (stage === undefined || 'error' in stage) return undefined;
  const newest = explainedRuns(stage).reverse();
  if (newest.length === 0) return undefined;
  const unexplained = unexplainedRuns(stage);
  const more = newest.length - SHOWN_RUNS;
  return html`<ul class="reasons">${newest
    .slice(0, SHOWN_RUNS)
    .map(
      ({ run, time, message }) =>
        html`<li><b>${run}</b> <time datetime="${time}">${timeText(time)}</time> ${message}</li>`,
    )}${more > 0 ? html`<li class="quiet">${counted(more)} more; --json tells of all</li>` : undefined}${
    unexplained.length > 0
      ? html`<li class="quiet">Not noted why: ${runsText(unexplained.length)} (${formatRuns(unexplained)})</li>`
      : undefined
  }</ul>`;
}
