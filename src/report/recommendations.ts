import type { StageName } from '../errors.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { common, formatRuns, RunSet, rangeText, toRanges } from '../runs/run-set.ts';
import { givenUpText } from '../stages/given-up-texts.ts';
import { waitingFacts } from '../stages/waiting-texts.ts';
import { positionOf } from '../state/position.ts';
import type { RepeatedWarning } from '../state/repeated-warnings.ts';
import { activityAdvice } from './activity.ts';
import { knownRuns, likelySlips, slipText } from './likely-slips.ts';
import { info, type ReportLine, warning } from './lines.ts';
import {
  missingAtTarget,
  openGivenUp,
  outdatedBlobs,
  pendingRuns,
  placeNames,
  runsAt,
  runsOnlyInUconDb,
  runsWithoutFiles,
  type StageRecord,
  type Status,
  skippedRuns,
  type UnreadableRecord,
  unfinishedRuns,
} from './status.ts';
import { localMinute } from './times.ts';

const SHOWN_WARNINGS = 10;

/** A list of more is no longer easy to read. */
const MOST_RANGES = 10;

/** What an operator should do. */
export function recommendations(status: Status): ReportLine[] {
  const waiting = status.stages.flatMap((stage) => ('error' in stage ? [] : waitingLines(stage)));
  const lines = [
    ...waiting.filter(({ level }) => level === 'warning'),
    ...toBeDone(status),
    ...status.stages.flatMap((stage) => ('error' in stage ? [unreadable(stage)] : stageLines(stage, status))),
    ...onlyInOnePlace(status),
    ...outdated(status),
    ...unequal(status),
    ...(status.activity === undefined ? [] : activityAdvice(status.activity)),
    ...('error' in status.lateTimes ? [unreadable(status.lateTimes)] : []),
    ...status.places
      .filter(({ error }) => error !== undefined)
      .map(({ place }) =>
        advice(
          warning(`${placeNames[place]} could not be queried: what concerns it is not known`),
          '--check-config',
        ),
      ),
  ];
  if (lines.length === 0) lines.push(info('All systems are synchronized - no action needed'));
  return [
    ...lines,
    ...unfinished(status),
    ...slips(status),
    ...givenUp(status),
    ...waiting.filter(({ level }) => level === 'info'),
    ...repeatedWarnings(status.repeatedWarnings ?? []),
  ];
}

/** What the log of most executions does not show, as it has shown it today. */
function repeatedWarnings(warnings: readonly RepeatedWarning[]): ReportLine[] {
  const more = warnings.length - SHOWN_WARNINGS;
  const lines = warnings.slice(0, SHOWN_WARNINGS).map(({ message, first, last }) => {
    const times = new Set([first, last].map(localMinute));
    return warning(`Warned of ${[...times].join(' to ')}: ${message}`);
  });
  return more > 0
    ? [...lines, info(`${more} more warning(s) came up within the last day; the log shows them`)]
    : lines;
}

function toBeDone(status: Status): ReportLine[] {
  const [toImport, toMigrate] = [
    missingAtTarget(status, 'import') ?? [],
    missingAtTarget(status, 'migrate') ?? [],
  ];
  const lines: ReportLine[] = [];
  if (toImport.length > 0) {
    const text = `Run IMPORTER: ${toImport.length} run(s) on filesystem not in artdaqDB (${span(toImport)})`;
    lines.push(...stageAdvice('import', text, toImport, status));
  }
  if (toMigrate.length > 0) {
    const text = `Run MIGRATOR: ${toMigrate.length} run(s) in artdaqDB not in UconDB (${span(toMigrate)})`;
    lines.push(...stageAdvice('migrate', text, toMigrate, status));
  }
  return lines;
}

/** Further lines tell what to do about failed and skipped runs; the stage is only worth a command of its own for the others. */
function stageAdvice(
  name: StageName,
  text: string,
  missing: readonly RunNumber[],
  status: Status,
): ReportLine[] {
  const stage = status.stages.find((candidate) => candidate.stage === name);
  if (stage === undefined || 'error' in stage) return [info(text)];
  const pending = pendingRuns(status, stage) ?? [];
  const others = missing.length - pending.length;
  const hint = others === 0 ? '' : `, ${others} of them failed or skipped`;
  const line = info(`${text}${hint}`);
  if (pending.length === 0) return [line];
  const isMoreThanABatch = pending.length > (status.batchSize ?? Infinity);
  return [advice(line, '--incremental', ...(isMoreThanABatch ? ['--limit', String(pending.length)] : []))];
}

function stageLines(record: StageRecord, status: Status): ReportLine[] {
  const { stage, state, failed, uncompared, reasons } = record;
  const skipped = skippedRuns(missingAtTarget(status, stage) ?? [], record);
  const lines: ReportLine[] = [];
  // What UconDB has, artdaqDB has lost, and can get back.
  const lost = stage === 'import' ? common(skipped, runsAt(status, 'UconDB') ?? []) : [];
  const orNot = lost.length < skipped.length ? ', or let them be with --give-up skipped' : '';
  if (skipped.length > 0) {
    lines.push(
      advice(
        warning(
          `${skipped.length} run(s) at or below the ${stage} position ${positionOf(state)} are skipped with ` +
            `--incremental (${formatRuns(skipped)}); run once without it to ${stage} them${orNot}`,
        ),
        `--${stage}-only`,
      ),
    );
  }
  if (uncompared.length > 0 && stage === 'import') {
    lines.push(
      advice(
        info(
          `INFO: ${uncompared.length} run(s) were stored in artdaqDB from their blobs, but not compared since ` +
            `(${formatRuns(uncompared)}); --restore with --to-artdaqdb compares them first`,
        ),
        ...rebuildFlags(uncompared),
      ),
    );
  }
  if (uncompared.length > 0 && stage === 'migrate') {
    lines.push(
      info(
        `INFO: ${uncompared.length} run(s) were uploaded to UconDB, but not compared since (${formatRuns(uncompared)}); they count ` +
          'as migrated once the migrate stage has found them equal, which its next execution looks at first',
      ),
    );
  }
  if (failed.length > 0) {
    lines.push(
      advice(
        warning(
          `${failed.length} run(s) in the ${stage} failure log (${formatRuns(failed)}); ` +
            `--retry-failed-${stage} processes them`,
        ),
        `--retry-failed-${stage}`,
      ),
    );
    if (reasons.problem !== undefined) lines.push(warning(reasons.problem));
  }
  return lines;
}

function waitingLines({ stage, waiting }: StageRecord): ReportLine[] {
  return waitingFacts(waiting).map(({ level, text }) => {
    if (level === 'info') return info(`INFO: ${stage}: ${text}`);
    return advice(warning(`${stage}: ${text}`), '--check-config');
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
      advice(
        info(
          `INFO: ${onlyInUconDb.length} run(s) in UconDB but not in artdaqDB (${span(onlyInUconDb)}); ` +
            `--restore ${listOf(onlyInUconDb)} --to-artdaqdb stores them there again`,
        ),
        ...rebuildFlags(onlyInUconDb),
      ),
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

function unequal({ unequal: runs = [] }: Status): ReportLine[] {
  if (runs.length === 0) return [];
  const text = `${runs.length} run(s) differ between artdaqDB and UconDB, or could not be compared (${formatRuns(runs)})`;
  return [
    advice(
      warning(`${text}; --verify compares them again, file by file`),
      '--verify',
      '--runs',
      RunSet.of(runs).toTexts().join(','),
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
  const runs = knownRuns(status).filter((run) => status.givenUp?.has(run) !== true);
  const found = likelySlips(runs);
  return found.length === 0 ? [] : [info(`INFO: ${slipText(found, runs)}`)];
}

function givenUp(status: Status): ReportLine[] {
  const text = givenUpText(openGivenUp(status));
  return text === undefined ? [] : [info(`INFO: ${text}`)];
}

/** An error about a file of the work directory names the flag that rebuilds it, if there is one. */
function unreadable({ error }: UnreadableRecord): ReportLine {
  const flag = /--recover-(?:import|migrate)-state/.exec(error)?.[0];
  const line: ReportLine = { level: 'error', text: error };
  return flag === undefined ? line : advice(line, flag);
}

/** @param flags what does something about it */
function advice(line: ReportLine, ...flags: readonly string[]): ReportLine {
  return { ...line, flags };
}

/** The command of a line as one pastes it into a shell; undefined if there is none. */
export function commandOf({ flags }: ReportLine, { command }: Pick<Status, 'command'>): string | undefined {
  return command === undefined || flags === undefined
    ? undefined
    : [command, ...flags.map(shellWord)].join(' ');
}

/** A text as one word of a shell. */
export function shellWord(text: string): string {
  return /^[\w./:=,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function rebuildFlags(runs: readonly RunNumber[]): readonly string[] {
  return ['--restore', listOf(runs), '--to-artdaqdb'];
}

/** What `--restore` takes; of many ranges it is one over all of them, as it leaves alone what artdaqDB has. */
function listOf(runs: readonly RunNumber[]): string {
  const ranges = toRanges(runs);
  return ranges.length > MOST_RANGES ? `${runs[0]}-${runs.at(-1)}` : ranges.map(rangeText).join(',');
}

function span(runs: readonly RunNumber[]): string {
  return `range: ${runs[0]}-${runs.at(-1)}`;
}
