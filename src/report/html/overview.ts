import { formatRuns } from '../../runs/run-set.ts';
import { waitingFacts } from '../../stages/waiting-texts.ts';
import { positionOf } from '../../state/position.ts';
import { counted, gapsText } from '../lines.ts';
import { stageFacts } from '../state-comparison.ts';
import {
  extentOf,
  missingAtTarget,
  type PlaceStatus,
  placeNames,
  runPlaces,
  runsAt,
  type Status,
  skippedRuns,
} from '../status.ts';
import { summaryOf } from '../summary.ts';
import { html, type Markup } from './markup.ts';
import type { Problem } from './problems.ts';
import { isThere, lengthOf, type Segment } from './segments.ts';

/** The most important figures, with links to their details. */
export function keyFigures(
  status: Status,
  problems: readonly Problem[],
  segments: readonly Segment[],
): Markup {
  const failed = (stage: 'import' | 'migrate') => {
    const record = status.stages.find((candidate) => candidate.stage === stage);
    return record === undefined || 'error' in record ? undefined : record.failed.length;
  };
  const { waiting } = summaryOf(status);
  const totalOf = (kind: string) => problems.find((problem) => problem.kind === kind)?.total ?? 0;
  const everywhere = segments.filter(({ cells }) => runPlaces.every((place) => isThere(cells[place])));
  const isAsked = runPlaces.every((place) => runsAt(status, place) !== undefined);
  const answers = runPlaces.some((place) => runsAt(status, place) !== undefined);
  const complete = everywhere.reduce((sum, segment) => sum + lengthOf(segment), 0);
  return html`<ul class="figures">
${figure('Archived everywhere', isAsked ? complete : undefined, 'info', undefined)}
${figure('Import failed', failed('import'), 'error', 'import-failed')}
${figure('Migration failed', failed('migrate'), 'error', 'migrate-failed')}
${figure('To import', waiting.import, 'info', 'to-import')}
${figure('To migrate', waiting.migrate, 'info', 'to-migrate')}
${figure('Gaps', answers ? totalOf('gaps') : undefined, 'info', 'gaps')}
</ul>`;

  function figure(name: string, value: number | undefined, level: string, kind: string | undefined): Markup {
    const text = html`<b>${value === undefined ? '–' : counted(value)}</b><span>${name}${value === undefined ? ' (not known)' : ''}</span>`;
    const isLinked = problems.some((problem) => problem.kind === kind);
    return html`<li class="${value ? level : 'none'}">${isLinked ? html`<a href="#${kind}">${text}</a>` : text}</li>`;
  }
}

type Row = readonly [name: string, value: string, level?: 'info' | 'warning' | 'error'];

const roles = { filesystem: 'source', artdaqDB: 'intermediate', UconDB: 'long-term' } as const;

/** The numbers of each place and of each stage. */
export function numbers(status: Status, compareState: boolean): Markup {
  return html`<div class="cards">${status.places.map(placeCard)}</div>
<div class="cards">${status.stages.map((stage) => stageCard(stage, status, compareState))}</div>`;
}

function placeCard({ place, location, runs, error }: PlaceStatus): Markup {
  const rows: Row[] = [...location];
  if (runs === undefined) rows.push(['Status', `Query failed: ${error}`, 'error']);
  else {
    rows.push(['Total runs', counted(runs.length)], ...extentOf(runs, gapsText));
  }
  return card(placeNames[place], roles[place], rows);
}

function stageCard(stage: Status['stages'][number], status: Status, compareState: boolean): Markup {
  const title = stage.stage === 'import' ? 'Import stage' : 'Migrate stage';
  if ('error' in stage) return card(title, 'state', [['Status', stage.error, 'error']]);
  const missing = missingAtTarget(status, stage.stage);
  const skipped = missing && skippedRuns(missing, stage);
  const rows: Row[] = [
    ['Position', String(positionOf(stage.state))],
    ['Last contiguous run', String(stage.state.lastContiguousRun)],
    ['Last attempted run', String(stage.state.lastAttemptedRun)],
    ['In the failure log', someRuns(stage.failed), stage.failed.length === 0 ? 'info' : 'error'],
    [
      'Skipped',
      skipped === undefined ? 'not known' : someRuns(skipped),
      skipped?.length ? 'warning' : 'info',
    ],
  ];
  for (const { level, text } of waitingFacts(stage.waiting)) rows.push(['Waiting', text, level]);
  if (!compareState) return card(title, 'state', rows);
  const known = new Set(['Last Contiguous Run', 'Last Attempted Run', 'Failed Runs']);
  const compared = stageFacts(stage, status).filter(({ name }) => !known.has(name));
  return card(title, 'state', [
    ...rows,
    ...compared.map(({ name, value, level }) => [name, value, level] as const),
  ]);
}

function someRuns(runs: readonly number[]): string {
  return runs.length === 0 ? 'None' : `${counted(runs.length)}: ${formatRuns(runs)}`;
}

function card(title: string, role: string, rows: readonly Row[]): Markup {
  return html`<section class="card"><h3>${title} <span class="quiet">${role}</span></h3><dl>${rows.map(
    ([name, value, level = 'info']) => html`<div class="${level}"><dt>${name}</dt><dd>${value}</dd></div>`,
  )}</dl></section>
`;
}
