import { formatTime } from '../log/log-line.ts';
import { formatRuns } from '../runs/run-set.ts';
import { info, label, type ReportLine, warning } from './lines.ts';
import { commandOf, recommendations } from './recommendations.ts';
import { comparisonLines } from './state-comparison.ts';
import {
  explainedRuns,
  extentOf,
  type PlaceStatus,
  placeNames,
  type RunPlace,
  type StageRecord,
  type Status,
  unexplainedRuns,
} from './status.ts';
import { summaryFacts } from './summary.ts';

const headings: Record<RunPlace, string> = {
  filesystem: 'FILESYSTEM (Source)',
  artdaqDB: 'ARTDAQDB (Intermediate Storage)',
  UconDB: 'UCONDB (Long-term Storage)',
};
const failureHeadings = { import: 'IMPORT FAILURE LOG', migrate: 'MIGRATION FAILURE LOG' } as const;
/** Failed runs that are explained line by line. */
const SHOWN_RUNS = 20;
const DOUBLE_RULE = '='.repeat(70);
const RULE = '-'.repeat(70);

/**
 * The status report as the lines that operators know.
 * @param compareState adds a section that compares the places with the stages' state
 */
export function statusLines(status: Status, compareState: boolean): ReportLine[] {
  const failures = status.stages.flatMap((stage) =>
    'error' in stage || stage.failed.length === 0 ? [] : failureLines(stage),
  );
  return [
    ...title('RUN RECORD ARCHIVER - STATUS REPORT'),
    ...status.places.map(queryLine),
    info(''),
    ...title('SUMMARY'),
    ...summaryFacts(status).map(({ name, value }) => label(name, value)),
    info(''),
    ...title('DATA SOURCE SUMMARY'),
    ...status.places.flatMap(placeLines),
    ...(compareState ? [info(''), ...title('STATE COMPARISON'), ...comparisonLines(status)] : []),
    ...(failures.length > 0 ? [info(''), ...title('FAILED RUNS'), ...failures] : []),
    info(''),
    ...title('RECOMMENDATIONS'),
    ...recommendations(status).flatMap((line, index) => recommendationLines(line, index, status)),
    info(''),
    ...title('END OF STATUS REPORT'),
  ];
}

function recommendationLines(line: ReportLine, index: number, status: Status): ReportLine[] {
  const command = commandOf(line, status);
  return [
    { ...line, text: `${index + 1}. ${line.text}` },
    ...(command === undefined ? [] : [info(`   ${command}`)]),
  ];
}

function title(text: string): ReportLine[] {
  return [info(DOUBLE_RULE), info(text), info(DOUBLE_RULE)];
}

function queryLine(status: PlaceStatus): ReportLine {
  const name = placeNames[status.place];
  if (status.error === undefined) return info(`✓ ${name} query complete`);
  return { level: 'error', text: `✗ ${name} query failed: ${status.error}` };
}

function placeLines({ place, location, runs, error }: PlaceStatus): ReportLine[] {
  const lines = [info(''), info(headings[place]), info(RULE), ...location.map(([n, v]) => label(n, v))];
  if (runs === undefined) {
    return [...lines, { level: 'error', text: `  ${'Status:'.padEnd(16)} Query failed: ${error}` }];
  }
  return [
    ...lines,
    label('Total Runs', runs.length),
    ...extentOf(runs).map(([name, value]) => label(name, value)),
  ];
}

/** When and why the runs of a failure log failed, the newest run first. */
function failureLines(stage: StageRecord): ReportLine[] {
  const newest = explainedRuns(stage).reverse();
  const unexplained = unexplainedRuns(stage);
  const more = newest.length - SHOWN_RUNS;
  const lines = newest
    .slice(0, SHOWN_RUNS)
    .map(({ run, time, message }) => label(String(run), `${localTime(time)} ${message}`));
  if (more > 0) lines.push(label('More', `${more} run(s) with lower numbers; --json tells of all`));
  if (unexplained.length > 0) {
    lines.push(label('Not noted why', `${unexplained.length} run(s) (${formatRuns(unexplained)})`));
  }
  return [
    info(''),
    info(failureHeadings[stage.stage]),
    info(RULE),
    ...lines.map(({ text }) => warning(text)),
  ];
}

/** The local time to the second, as the log shows it. */
function localTime(iso: string): string {
  return formatTime(new Date(iso)).slice(0, 'YYYY-MM-DD HH:MM:SS'.length);
}
