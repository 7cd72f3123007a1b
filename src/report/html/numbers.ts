import { toRanges } from '../../runs/number-ranges.ts';
import { formatGaps, formatRanges, formatRuns } from '../../runs/ranges.ts';
import { positionOf } from '../../state/position.ts';
import { placeName } from '../lines.ts';
import { stageFacts } from '../state-comparison.ts';
import { differences, type PlaceStatus, type Status, skippedRuns } from '../status.ts';
import { waitingFacts } from '../waiting-runs.ts';
import { counted } from './describe.ts';
import { html, type Markup } from './markup.ts';

type Row = readonly [name: string, value: string, level?: 'info' | 'warning' | 'error'];

const roles = { filesystem: 'source', artdaqDB: 'intermediate', UconDB: 'long-term' } as const;

/** The numbers of each place and of each stage. */
export function numbers(status: Status, compareState: boolean): Markup {
  return html`<div class="cards">${status.places.map(placeCard)}</div>
<div class="cards">${status.stages.map((stage) => stageCard(stage, status, compareState))}</div>`;
}

function placeCard({ place, location, runs, error }: PlaceStatus): Markup {
  const ranges = runs && toRanges(runs);
  const first = ranges?.[0];
  const last = ranges?.at(-1);
  const rows: Row[] = [...location];
  if (runs === undefined) rows.push(['Status', `Query failed: ${error}`, 'error']);
  else {
    rows.push(['Total runs', counted(runs.length)]);
    if (ranges !== undefined && first !== undefined && last !== undefined) {
      rows.push(
        ['Range', `${first.first} to ${last.last}`],
        ['Contiguous', formatRanges(ranges)],
        ['Gaps', formatGaps(ranges)],
      );
    } else rows.push(['Status', 'No runs found']);
  }
  return card(placeName(place), roles[place], rows);
}

function stageCard(stage: Status['stages'][number], status: Status, compareState: boolean): Markup {
  const title = stage.stage === 'import' ? 'Import stage' : 'Migrate stage';
  if ('error' in stage) return card(title, 'state', [['Status', stage.error, 'error']]);
  const { toImport, toMigrate } = differences(status);
  const missing = stage.stage === 'import' ? toImport : toMigrate;
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
