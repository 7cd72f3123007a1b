import type { StageName } from '../errors.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { formatRuns, RunSet } from '../runs/run-set.ts';
import { type Backlog, backlogOf, type OldestFailed, type StageRecords } from '../state/backlog.ts';
import { noReasons } from '../state/failure-reasons.ts';
import { isAbove, positionOf } from '../state/position.ts';
import { activityFact } from './activity.ts';
import type { Fact } from './lines.ts';
import { pendingRuns, placeNames, runsAt, type StageRecord, type Status, stagePlaces } from './status.ts';
import { ago, localMinute, type ShowTime } from './times.ts';

const stageNames: readonly StageName[] = ['import', 'migrate'];
const verbs: Readonly<Record<StageName, string>> = { import: 'imported', migrate: 'migrated' };

/** A run that waits, and for how long. */
export interface OldestRun {
  readonly run: RunNumber;
  /** Its first failure, or if nothing failed when its record changed last, ISO 8601; undefined if it can't be told. */
  readonly since: string | undefined;
  /** Where it failed, and with what error; undefined if nothing failed. */
  readonly place: string | undefined;
  readonly cause: string | undefined;
}

/** What a status comes to, in a few numbers. Undefined: not known. */
export interface Summary {
  readonly backlog: Backlog;
  /** Runs that the next executions take or have to wait for; failed and skipped ones do not count. */
  readonly waiting: Readonly<Record<StageName, number | undefined>>;
  /** The one that waits longest. */
  readonly oldest: OldestRun | undefined;
}

/** Sums a status up. No run counts in two numbers of a stage. */
export function summaryOf(status: Status): Summary {
  const backlog = backlogOf({
    stages: { import: recordsOf('import', status), migrate: recordsOf('migrate', status) },
    unequal: status.unequal && RunSet.of(status.unequal),
    lastExecution: status.activity?.last,
    givenUp: status.givenUp?.runs,
  });
  const pending = (name: StageName): readonly RunNumber[] | undefined => {
    const stage = stageOf(name, status);
    return stage && pendingRuns(status, stage);
  };
  const [toImport, toMigrate] = [pending('import'), pending('migrate')];
  return {
    backlog,
    waiting: { import: toImport?.length, migrate: toMigrate?.length },
    oldest: oldestOf(backlog, toImport ?? [], toMigrate ?? [], status.oldestRecord),
  };
}

function stageOf(name: StageName, { stages }: Status): StageRecord | undefined {
  const stage = stages.find((candidate) => candidate.stage === name);
  return stage === undefined || 'error' in stage ? undefined : stage;
}

function recordsOf(name: StageName, status: Status): StageRecords {
  return stageOf(name, status) ?? { waiting: undefined, failed: undefined, reasons: noReasons };
}

function oldestOf(
  { stages }: Backlog,
  toImport: readonly RunNumber[],
  toMigrate: readonly RunNumber[],
  oldestRecord: string | undefined,
): OldestRun | undefined {
  const faulty = stageNames
    .flatMap((stage) => stages[stage].oldestWaiting ?? [])
    .sort((one, other) => Date.parse(one.since) - Date.parse(other.since));
  const [run = toMigrate[0]] = toImport;
  const quiet = { since: run === toImport[0] ? oldestRecord : undefined, place: undefined, cause: undefined };
  return faulty[0] ?? (run === undefined ? undefined : { run, ...quiet });
}

/** The summary as facts with names, for people; what is in order is one word. */
export function summaryFacts(status: Status, showTime: ShowTime = localMinute): Fact[] {
  const summary = summaryOf(status);
  const silent = status.places
    .filter(({ error }) => error !== undefined)
    .map(({ place }) => placeNames[place]);
  return [
    ...(status.activity === undefined ? [] : [activityFact(status.activity, showTime)]),
    lastArchived(summary, status, showTime),
    waiting(summary, status, showTime),
    failed(summary, showTime),
    ...(status.unequal === undefined ? [] : [unequal(status.unequal)]),
    ...(silent.length === 0
      ? []
      : [{ level: 'error', name: 'No answer', value: silent.join(', ') } as const]),
  ];
}

function lastArchived({ backlog }: Summary, { activity }: Status, showTime: ShowTime): Fact {
  const texts = stageNames.flatMap((stage) => {
    const last = backlog.stages[stage].lastArchived;
    if (last === undefined) return [];
    const age = activity === undefined ? '' : ` (${ago(last.time, activity.now)})`;
    return [`${verbs[stage]} run ${last.run} at ${showTime(last.time)}${age}`];
  });
  return { level: 'info', name: 'Last archived', value: texts.join(', ') || 'nothing is noted' };
}

function waiting({ waiting: numbers, oldest }: Summary, status: Status, showTime: ShowTime): Fact {
  const texts = stageNames.flatMap((stage) => {
    const number = numbers[stage];
    if (number === undefined) {
      const likely = newAtSource(stage, status);
      return [`${likely === undefined ? 'not known how many' : `about ${likely}`} to ${stage}`];
    }
    return number === 0 ? [] : [`${number} to ${stage}`];
  });
  const isByFault = oldest?.place !== undefined;
  return {
    level: isByFault ? 'warning' : 'info',
    name: 'Waiting',
    value: [texts.join(', ') || 'none', ...(oldest === undefined ? [] : [oldestText(oldest, showTime)])].join(
      '; ',
    ),
  };
}

/** Where the target does not answer, the runs that an incremental execution would ask it about; undefined if that is not known. */
function newAtSource(name: StageName, status: Status): number | undefined {
  const stage = stageOf(name, status);
  const runs = runsAt(status, stagePlaces[name].source);
  if (stage === undefined || runs === undefined) return undefined;
  const position = positionOf(stage.state);
  return runs.filter((run) => isAbove(run, position) || stage.waiting.byFault.has(run)).length;
}

function oldestText({ run, since, place }: OldestRun, showTime: ShowTime): string {
  if (since === undefined) return `the oldest is run ${run}`;
  if (place === undefined) return `the oldest is run ${run} (record of ${showTime(since)})`;
  return `the oldest is run ${run}, since ${showTime(since)} because of a fault at ${place}`;
}

function failed({ backlog }: Summary, showTime: ShowTime): Fact {
  const texts = stageNames.flatMap((stage) => {
    const number = backlog.stages[stage].failed;
    if (number === undefined) return [`not known how many to ${stage}`];
    return number === 0 ? [] : [`${number} to ${stage}`];
  });
  const time = ({ reason }: OldestFailed): number => Date.parse(reason?.time ?? '') || Number.MAX_VALUE;
  const found = stageNames
    .flatMap((stage) => backlog.stages[stage].oldestFailed ?? [])
    .sort((one, other) => time(one) - time(other));
  const [oldest] = found;
  const reason = oldest?.reason && ` (${showTime(oldest.reason.time)}): ${oldest.reason.message}`;
  return {
    level: texts.length === 0 ? 'info' : 'error',
    name: 'Failed',
    value: [
      texts.join(', ') || 'none',
      ...(oldest === undefined ? [] : [`the oldest is run ${oldest.run}${reason ?? ''}`]),
    ].join('; '),
  };
}

function unequal(runs: readonly RunNumber[]): Fact {
  const isNone = runs.length === 0;
  const value = isNone ? 'none' : `${runs.length} (${formatRuns(runs)})`;
  return { level: isNone ? 'info' : 'error', name: 'Unequal blobs', value };
}
