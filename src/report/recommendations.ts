import type { RunNumber } from '../runs/run-number.ts';
import { formatRuns } from '../runs/run-set.ts';
import { waitingFacts } from '../stages/waiting-texts.ts';
import { positionOf } from '../state/position.ts';
import { knownRuns, likelySlips, slipText } from './likely-slips.ts';
import { info, type ReportLine, warning } from './lines.ts';
import {
  missingAtTarget,
  outdatedBlobs,
  placeNames,
  runsOnlyInUconDb,
  runsWithoutFiles,
  type StageRecord,
  type Status,
  skippedRuns,
  type UnreadableRecord,
  unfinishedRuns,
} from './status.ts';

/** What an operator should do. */
export function recommendations(status: Status): ReportLine[] {
  const waiting = status.stages.flatMap((stage) => ('error' in stage ? [] : waitingLines(stage)));
  const lines = [
    ...waiting.filter(({ level }) => level === 'warning'),
    ...toBeDone(status),
    ...status.stages.flatMap((stage) => ('error' in stage ? [unreadable(stage)] : stageLines(stage, status))),
    ...onlyInOnePlace(status),
    ...outdated(status),
    ...('error' in status.lateTimes ? [unreadable(status.lateTimes)] : []),
    ...status.places
      .filter(({ error }) => error !== undefined)
      .map(({ place }) =>
        warning(`${placeNames[place]} could not be queried: what concerns it is not known`),
      ),
  ];
  if (lines.length === 0) lines.push(info('All systems are synchronized - no action needed'));
  return [
    ...lines,
    ...unfinished(status),
    ...slips(status),
    ...waiting.filter(({ level }) => level === 'info'),
  ];
}

function toBeDone(status: Status): ReportLine[] {
  const [toImport, toMigrate] = [
    missingAtTarget(status, 'import') ?? [],
    missingAtTarget(status, 'migrate') ?? [],
  ];
  const lines: ReportLine[] = [];
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
  return lines;
}

function stageLines(record: StageRecord, status: Status): ReportLine[] {
  const { stage, state, failed, uncompared, reasons } = record;
  const skipped = skippedRuns(missingAtTarget(status, stage) ?? [], record);
  const lines: ReportLine[] = [];
  if (skipped.length > 0) {
    lines.push(
      warning(
        `${skipped.length} run(s) at or below the ${stage} position ${positionOf(state)} are skipped with ` +
          `--incremental (${formatRuns(skipped)}); run once without it to ${stage} them`,
      ),
    );
  }
  if (uncompared.length > 0) {
    lines.push(
      info(
        `INFO: ${uncompared.length} run(s) were uploaded to UconDB, but not compared since (${formatRuns(uncompared)}); they count ` +
          'as migrated once the migrate stage has found them equal, which its next execution looks at first',
      ),
    );
  }
  if (failed.length > 0) {
    lines.push(
      warning(
        `${failed.length} run(s) in the ${stage} failure log (${formatRuns(failed)}); ` +
          `--retry-failed-${stage} processes them`,
      ),
    );
    if (reasons.problem !== undefined) lines.push(warning(reasons.problem));
  }
  return lines;
}

function waitingLines({ stage, waiting }: StageRecord): ReportLine[] {
  return waitingFacts(waiting).map(({ level, text }) => {
    if (level === 'info') return info(`INFO: ${stage}: ${text}`);
    return warning(`${stage}: ${text}`);
  });
}

function onlyInOnePlace(status: Status): ReportLine[] {
  const [withoutFiles, onlyInUconDb] = [runsWithoutFiles(status) ?? [], runsOnlyInUconDb(status) ?? []];
  const lines: ReportLine[] = [];
  if (withoutFiles.length > 0) {
    lines.push(
      warning(
        `WARNING: ${withoutFiles.length} run(s) in artdaqDB but not on filesystem (may have been deleted)`,
      ),
    );
  }
  if (onlyInUconDb.length > 0) {
    lines.push(
      info(`INFO: ${onlyInUconDb.length} run(s) in UconDB but not in artdaqDB (${span(onlyInUconDb)})`),
    );
  }
  return lines;
}

function outdated(status: Status): ReportLine[] {
  const runs = outdatedBlobs(status) ?? [];
  if (runs.length === 0) return [];
  return [
    warning(
      `${runs.length} run(s) got their stop time in artdaqDB after their blob was stored in UconDB, which lacks it ` +
        `(${formatRuns(runs)}); ucon_db.replace_incomplete replaces such blobs`,
    ),
  ];
}

function unfinished(status: Status): ReportLine[] {
  const runs = unfinishedRuns(status) ?? [];
  if (runs.length === 0) return [];
  return [
    info(
      `INFO: ${runs.length} run(s) were archived without stop time (${formatRuns(runs)}); it is ` +
        'added to artdaqDB when it appears in the run directory',
    ),
  ];
}

function slips(status: Status): ReportLine[] {
  const runs = knownRuns(status);
  const found = likelySlips(runs);
  return found.length === 0 ? [] : [info(`INFO: ${slipText(found, runs)}`)];
}

function unreadable({ error }: UnreadableRecord): ReportLine {
  return { level: 'error', text: error };
}

function span(runs: readonly RunNumber[]): string {
  return `range: ${runs[0]}-${runs.at(-1)}`;
}
