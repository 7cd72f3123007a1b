import type { RunSet } from '../../runs/run-set.ts';
import { headlineOf } from '../headline.ts';
import { knownRuns, likelySlips } from '../likely-slips.ts';
import type { Fact } from '../lines.ts';
import { commandOf, recommendations } from '../recommendations.ts';
import { placeNames, type Status } from '../status.ts';
import { summaryFacts } from '../summary.ts';
import { isUnused, layOut } from './axis.ts';
import { changes } from './changes.ts';
import { legend } from './chart.ts';
import { coverage } from './coverage.ts';
import { minuteText, timeText } from './describe.ts';
import { html, type Markup } from './markup.ts';
import { keyFigures, numbers } from './overview.ts';
import { pageOf } from './page.ts';
import { findProblems, problemList } from './problems.ts';
import { type Segment, toSegments } from './segments.ts';

/** Where and how a report was made. */
export interface ReportOrigin {
  readonly time: Date;
  readonly host: string;
  /** Of the archiver. */
  readonly version: string;
  readonly configPath: string;
  /** The runs that the report is about; all if absent. */
  readonly selection: RunSet | undefined;
  /** With the comparison of the places with the stages' state. */
  readonly compareState: boolean;
}

/**
 * The status report as one self-contained page. Its size depends on the columns of the pictures and on the ranges of the
 * problems, not on the number of runs; it counts what it leaves out.
 */
export function statusPage(status: Status, origin: ReportOrigin): string {
  const slips = likelySlips(knownRuns(status));
  const isBelowSlip = (segment: Segment) => isUnused(segment) && slips.includes(segment.last + 1);
  const segments = toSegments(status, origin.selection).filter((segment) => !isBelowSlip(segment));
  const drawn = segments.filter(({ first }) => first < (slips[0] ?? Number.POSITIVE_INFINITY));
  const problems = findProblems(segments);
  const { level, text } = headlineOf(status);
  const body = html`<header>
<h1>Run record archiver <span class="quiet">status report</span></h1>
<p class="made">${madeLine(origin)}</p>
</header>
<main>
<p class="verdict ${level}"><span aria-hidden="true">${level === 'good' ? '✓' : level === 'warning' ? '!' : '✕'}</span>${text}</p>
${keyFigures(status, problems, segments)}
${placeErrors(status)}
<div class="top">
<section aria-labelledby="summary"><h2 id="summary">Summary</h2>
<dl class="card">${summaryFacts(status, minuteText).map(fact)}</dl></section>
<section aria-labelledby="todo"><h2 id="todo">What to do</h2>
<ol class="todo">${advice(status)}</ol></section>
</div>
<section aria-labelledby="coverage"><h2 id="coverage">Coverage</h2>
${coverage(layOut(drawn), problems, status, origin.selection)}
${legend()}
${changes(status)}</section>
<section aria-labelledby="closer"><h2 id="closer">A closer look</h2>
${problemList(problems, segments, status)}</section>
<section aria-labelledby="numbers"><h2 id="numbers">Numbers</h2>
${numbers(status, origin.compareState)}</section>
</main>
`;
  return pageOf(`Archiver: ${text}`, body);
}

function madeLine({ time, host, version, configPath, selection }: ReportOrigin): Markup {
  const iso = time.toISOString();
  const only =
    selection === undefined
      ? undefined
      : html` · <strong>only runs ${selection.toTexts().join(', ')}</strong>`;
  return html`Made <time datetime="${iso}">${timeText(iso)}</time><span id="age"></span> on <b>${host}</b> · ${configPath} · version ${version}${only}`;
}

function fact({ level, name, value }: Fact): Markup {
  return html`<div class="${level}"><dt>${name}</dt><dd>${value}</dd></div>`;
}

/** The most urgent first. */
function advice(status: Status): Markup[] {
  const levels = ['error', 'warning', 'info'] as const;
  const lines = recommendations(status);
  return levels
    .flatMap((level) => lines.filter((line) => line.level === level))
    .map((line) => {
      const alone = line.text.replace(/^(WARNING|INFO): /, '');
      const command = commandOf(line, status);
      const code = command === undefined ? undefined : html`<code>${command}</code>`;
      return html`<li class="${line.level}"><b>${line.level}</b> ${alone}${code}</li>`;
    });
}

function placeErrors({ places }: Status): readonly Markup[] {
  return places
    .filter(({ error }) => error !== undefined)
    .map(
      ({ place, error }) =>
        html`<p class="outage"><b>${placeNames[place]} could not be asked:</b> ${error}</p>`,
    );
}
