import type { RunNumber } from '../runs/run-number.ts';
import { common, formatRuns } from '../runs/run-set.ts';
import { positionOf } from '../state/position.ts';
import { type Fact, info, type ReportLine } from './lines.ts';
import { missingAtTarget, placeNames, runsAt, type StageRecord, type Status, stagePlaces } from './status.ts';

const RULE = '-'.repeat(70);
const headings = { import: 'IMPORT STAGE STATE', migrate: 'MIGRATION STAGE STATE' } as const;

/** Compares the places with what each stage remembers. */
export function comparisonLines(status: Status): ReportLine[] {
  return status.stages.flatMap((stage) => {
    const heading = [info(''), info(headings[stage.stage]), info(RULE)];
    if ('error' in stage) return [...heading, { level: 'error', text: `  ${stage.error}` } as const];
    return [...heading, ...stageFacts(stage, status).map(factLine)];
  });
}

/** Compares the places with what one stage remembers. */
export function stageFacts(stage: StageRecord, status: Status): Fact[] {
  const { lastContiguousRun, lastAttemptedRun } = stage.state;
  const position = positionOf(stage.state);
  const lines = [
    entry('Last Contiguous Run', lastContiguousRun),
    entry('Last Attempted Run', lastAttemptedRun),
  ];
  if (position === 0)
    lines.push(entry('Status', `No ${stage.stage === 'import' ? 'import' : 'migration'} state recorded`));
  else lines.push(...placeFacts(position, stage, status));
  if (stage.failed.length > 0) {
    lines.push(
      alarm('Failed Runs', `${stage.failed.length} run(s) logged as failed (${formatRuns(stage.failed)})`),
    );
  }
  return lines;
}

/** @param position the stage has archived every run at its source up to this one, or should have */
function placeFacts(position: RunNumber, { stage, waiting, failed }: StageRecord, status: Status): Fact[] {
  const { source, target } = stagePlaces[stage];
  const absent = missingAtTarget(status, stage);
  if (absent === undefined) {
    const unknown = runsAt(status, source) === undefined ? source : target;
    return [alarm('Status', `not known: ${placeNames[unknown]} could not be queried`)];
  }
  const name = placeNames[target];
  const missing = absent.filter((run) => run <= position);
  const fresh = absent.filter((run) => run > position && !waiting.byFault.has(run));
  const tried = common(absent, waiting.byFault.keys());
  return [
    missing.length === 0
      ? entry('Status', `All expected runs present in ${name}`)
      : alarm(
          `Missing in ${name}`,
          `${missing.length} run(s) up to run ${position} (${formatRuns(missing)})${failedText(missing, failed)}`,
        ),
    ...(fresh.length === 0
      ? []
      : [
          entry(
            'New Runs Available',
            `${fresh.length} run(s) since last state update (range: ${fresh[0]}-${fresh.at(-1)})`,
          ),
        ]),
    ...(tried.length === 0
      ? []
      : [alarm('Waiting', `${tried.length} run(s) because of a fault (${formatRuns(tried)})`)]),
  ];
}

function failedText(missing: readonly RunNumber[], failed: readonly RunNumber[]): string {
  const count = common(missing, failed).length;
  return count === 0 ? '' : `, ${count === missing.length ? 'all' : count} of them failed`;
}

function factLine({ level, name, value }: Fact): ReportLine {
  return { level, text: `  ${`${name}:`.padEnd(20)} ${value}` };
}

function entry(name: string, value: string | number): Fact {
  return { level: 'info', name, value: String(value) };
}

function alarm(name: string, value: string): Fact {
  return { level: 'warning', name, value };
}
