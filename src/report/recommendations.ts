import { toRanges } from '../number-ranges.ts';
import { positionOf } from '../persistence/position.ts';
import type { RunNumber } from '../run-number.ts';
import { info, placeName, type ReportLine } from './lines.ts';
import { formatRanges } from './ranges.ts';
import { differences, outdatedBlobs, type Status, skippedRuns, unfinishedRuns } from './status.ts';

/** What an operator should do. */
export function recommendations(status: Status): ReportLine[] {
  const lines: ReportLine[] = [];
  const warn = (text: string) => lines.push({ level: 'warning', text });
  const { toImport = [], toMigrate = [], withoutFiles = [], onlyInUconDb = [] } = differences(status);
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
        `${skipped.length} run(s) at or below the ${stage.stage} position ${positionOf(stage.state)} are skipped with ` +
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
  if (withoutFiles.length > 0) {
    warn(`WARNING: ${withoutFiles.length} run(s) in artdaqDB but not on filesystem (may have been deleted)`);
  }
  if (onlyInUconDb.length > 0) {
    lines.push(
      info(`INFO: ${onlyInUconDb.length} run(s) in UconDB but not in artdaqDB (${span(onlyInUconDb)})`),
    );
  }
  const outdated = outdatedBlobs(status) ?? [];
  if (outdated.length > 0) {
    warn(
      `${outdated.length} run(s) got their stop time in artdaqDB after their blob was stored in UconDB, which lacks it ` +
        `(${formatRanges(toRanges(outdated))}); ucon_db.replace_incomplete replaces such blobs`,
    );
  }
  if ('error' in status.lateTimes) lines.push({ level: 'error', text: status.lateTimes.error });
  for (const { place, error } of status.places) {
    if (error !== undefined) warn(`${placeName(place)} could not be queried: what concerns it is not known`);
  }
  if (lines.length === 0) lines.push(info('All systems are synchronized - no action needed'));
  const unfinished = unfinishedRuns(status) ?? [];
  if (unfinished.length > 0) {
    lines.push(
      info(
        `INFO: ${unfinished.length} run(s) were archived without stop time (${formatRanges(toRanges(unfinished))}); it is ` +
          'added to artdaqDB when it appears in the run directory',
      ),
    );
  }
  return lines;
}

function span(runs: readonly RunNumber[]): string {
  return `range: ${runs[0]}-${runs.at(-1)}`;
}
