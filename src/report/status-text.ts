import { formatGaps, formatRanges, toRanges } from '../runs/run-set.ts';
import { failureLines } from './failure-lines.ts';
import { info, label, placeName, type ReportLine } from './lines.ts';
import { recommendations } from './recommendations.ts';
import { comparisonLines } from './state-comparison.ts';
import type { Place, PlaceStatus, Status } from './status.ts';

const headings: Record<Place, string> = {
  filesystem: 'FILESYSTEM (Source)',
  artdaqDB: 'ARTDAQDB (Intermediate Storage)',
  UconDB: 'UCONDB (Long-term Storage)',
};
const doubleRule = '='.repeat(70);
const rule = '-'.repeat(70);

/**
 * The status report as the lines that operators know.
 * @param compareState with a section that compares the places with the stages' state
 */
export function statusLines(status: Status, compareState: boolean): ReportLine[] {
  const failures = failureLines(status);
  return [
    ...title('RUN RECORD ARCHIVER - STATUS REPORT'),
    ...status.places.map(queryLine),
    info(''),
    ...title('DATA SOURCE SUMMARY'),
    ...status.places.flatMap(placeLines),
    ...(compareState ? [info(''), ...title('STATE COMPARISON'), ...comparisonLines(status)] : []),
    ...(failures.length > 0 ? [info(''), ...title('FAILED RUNS'), ...failures] : []),
    info(''),
    ...title('RECOMMENDATIONS'),
    ...recommendations(status).map((line, index) => ({ ...line, text: `${index + 1}. ${line.text}` })),
    info(''),
    ...title('END OF STATUS REPORT'),
  ];
}

function title(text: string): ReportLine[] {
  return [info(doubleRule), info(text), info(doubleRule)];
}

function queryLine(status: PlaceStatus): ReportLine {
  const name = placeName(status.place);
  if (status.error === undefined) return info(`✓ ${name} query complete`);
  return { level: 'error', text: `✗ ${name} query failed: ${status.error}` };
}

function placeLines({ place, location, runs, error }: PlaceStatus): ReportLine[] {
  const lines = [info(''), info(headings[place]), info(rule), ...location.map(([n, v]) => label(n, v))];
  if (runs === undefined) {
    return [...lines, { level: 'error', text: `  ${'Status:'.padEnd(16)} Query failed: ${error}` }];
  }
  lines.push(label('Total Runs', runs.length));
  const ranges = toRanges(runs);
  const first = ranges[0];
  const last = ranges.at(-1);
  if (first === undefined || last === undefined) return [...lines, label('Status', 'No runs found')];
  return [
    ...lines,
    label('Range', `${first.first} to ${last.last}`),
    label('Contiguous', formatRanges(ranges)),
    label('Gaps', formatGaps(ranges)),
  ];
}
