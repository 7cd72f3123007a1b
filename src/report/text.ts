import { toRanges } from '../number-ranges.ts';
import { type RunNumber, without } from '../run-number.ts';
import { formatGaps, formatRanges } from './ranges.ts';
import { type Place, type PlaceStatus, type Status, skippedRuns } from './status.ts';

/** One line of the report and the level it is logged at. */
export interface ReportLine {
  readonly level: 'info' | 'warning' | 'error';
  readonly text: string;
}

const headings: Record<Place, string> = {
  filesystem: 'FILESYSTEM (Source)',
  artdaqDB: 'ARTDAQDB (Intermediate Storage)',
  UconDB: 'UCONDB (Long-term Storage)',
};
const doubleRule = '='.repeat(70);
const rule = '-'.repeat(70);

/** The status report as the lines that operators know. */
export function statusLines(status: Status): ReportLine[] {
  const [files, artdaq, ucon] = (['filesystem', 'artdaqDB', 'UconDB'] as const).map((place) =>
    status.places.find((candidate) => candidate.place === place),
  );
  return [
    ...title('RUN RECORD ARCHIVER - STATUS REPORT'),
    ...status.places.map(queryLine),
    info(''),
    ...title('DATA SOURCE SUMMARY'),
    ...status.places.flatMap(placeLines),
    info(''),
    ...title('RECOMMENDATIONS'),
    ...recommendations(status, files?.runs, artdaq?.runs, ucon?.runs).map((line, index) => ({
      ...line,
      text: `${index + 1}. ${line.text}`,
    })),
    info(''),
    ...title('END OF STATUS REPORT'),
  ];
}

function info(text: string): ReportLine {
  return { level: 'info', text };
}

function title(text: string): ReportLine[] {
  return [info(doubleRule), info(text), info(doubleRule)];
}

function label(name: string, value: string | number): ReportLine {
  return info(`  ${`${name}:`.padEnd(16)} ${value}`);
}

function placeName(place: Place): string {
  return place === 'filesystem' ? 'Filesystem' : place === 'artdaqDB' ? 'ArtdaqDB' : 'UconDB';
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

function span(runs: readonly RunNumber[]): string {
  return `range: ${runs[0]}-${runs.at(-1)}`;
}

type Runs = readonly RunNumber[] | undefined;

function recommendations(status: Status, files: Runs, artdaq: Runs, ucon: Runs): ReportLine[] {
  const lines: ReportLine[] = [];
  const warn = (text: string) => lines.push({ level: 'warning', text });
  const toImport = files && artdaq ? without(files, artdaq) : [];
  const toMigrate = artdaq && ucon ? without(artdaq, ucon) : [];
  const orphaned = files && artdaq ? without(artdaq, files) : [];
  const uconOnly = artdaq && ucon ? without(ucon, artdaq) : [];
  if (toImport.length > 0) {
    lines.push(
      info(`Run IMPORTER: ${toImport.length} run(s) on filesystem not in artdaqDB (${span(toImport)})`),
    );
  }
  if (toMigrate.length > 0) {
    lines.push(
      info(`Run MIGRATOR: ${toMigrate.length} run(s) in artdaqDB not in UconDB (${span(toMigrate)})`),
    );
  }
  for (const stage of status.stages) {
    if ('error' in stage) {
      lines.push({ level: 'error', text: stage.error });
      continue;
    }
    const missing = stage.stage === 'import' ? toImport : toMigrate;
    const skipped = skippedRuns(missing, stage);
    if (skipped.length > 0) {
      warn(
        `${skipped.length} run(s) at or below the ${stage.stage} position ${stage.position} are skipped with ` +
          `--incremental (${formatRanges(toRanges(skipped))}); run once without it to ${stage.stage} them`,
      );
    }
    if (stage.failed.length > 0) {
      warn(
        `${stage.failed.length} run(s) in the ${stage.stage} failure log ` +
          `(${formatRanges(toRanges(stage.failed))}); --retry-failed-${stage.stage} processes them`,
      );
    }
  }
  if (orphaned.length > 0) {
    warn(`WARNING: ${orphaned.length} run(s) in artdaqDB but not on filesystem (may have been deleted)`);
  }
  if (uconOnly.length > 0) {
    lines.push(info(`INFO: ${uconOnly.length} run(s) in UconDB but not in artdaqDB (${span(uconOnly)})`));
  }
  for (const { place, error } of status.places) {
    if (error !== undefined) warn(`${placeName(place)} could not be queried: what concerns it is not known`);
  }
  if (lines.length === 0) lines.push(info('All systems are synchronized - no action needed'));
  return lines;
}
