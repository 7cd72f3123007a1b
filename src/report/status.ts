import { messageOf, type StageName } from '../errors.ts';
import { byRunNumber, type RunNumber } from '../runs/run-number.ts';
import { formatGaps, formatRanges, type NumberRange, RunSet, toRanges, without } from '../runs/run-set.ts';
import type { FailureReason, KnownReasons } from '../state/failure-reasons.ts';
import { type GivenUp, nothingGivenUp } from '../state/given-up-runs.ts';
import { isAbove, positionOf } from '../state/position.ts';
import type { RepeatedWarning } from '../state/repeated-warnings.ts';
import type { StageState } from '../state/state.ts';
import type { WaitingState } from '../state/waiting-runs.ts';
import type { Activity } from './activity.ts';

/** The places that hold runs. */
export type RunPlace = 'filesystem' | 'artdaqDB' | 'UconDB';

/** The places, from the run directories to where the runs end up. */
export const runPlaces: readonly RunPlace[] = ['filesystem', 'artdaqDB', 'UconDB'];

/** What operators call a place. */
export const placeNames: Readonly<Record<RunPlace, string>> = {
  filesystem: 'Filesystem',
  artdaqDB: 'ArtdaqDB',
  UconDB: 'UconDB',
};

/** Where each stage takes runs from, and where it brings them. */
export const stagePlaces: Readonly<
  Record<StageName, { readonly source: RunPlace; readonly target: RunPlace }>
> = {
  import: { source: 'filesystem', target: 'artdaqDB' },
  migrate: { source: 'artdaqDB', target: 'UconDB' },
};

/** How the status report asks a place. */
export interface StatusSource {
  readonly place: RunPlace;
  /** Names and values of the lines that say where it is. */
  readonly location: readonly (readonly [string, string])[];
  listRuns(): Promise<RunNumber[]>;
}

/** What one place answered: its runs, ascending, or why it could not be asked. */
export interface PlaceStatus {
  readonly place: RunPlace;
  readonly location: readonly (readonly [string, string])[];
  readonly runs: readonly RunNumber[] | undefined;
  readonly error: string | undefined;
}

/** What a stage keeps about itself. */
export interface StageRecord {
  readonly stage: StageName;
  readonly state: StageState;
  readonly failed: readonly RunNumber[];
  /** Runs that this archiver uploaded and has not compared since; it takes them first, wherever the position is. Ascending. */
  readonly uncompared: readonly RunNumber[];
  /** Why runs failed. Reasons of runs that are no longer in the failure log don't count. */
  readonly reasons: KnownReasons;
  /** Was the run at the source during an earlier execution? Before the first execution, all runs count as known. */
  readonly isKnown: (run: RunNumber) => boolean;
  /** Runs that wait. Those that wait because of a fault are candidates wherever the position is. */
  readonly waiting: WaitingState;
}

/** Why a stage's record can't be read. */
export interface UnreadableStageRecord extends UnreadableRecord {
  readonly stage: StageName;
}

/** What the status report says. */
export interface Status {
  readonly places: readonly PlaceStatus[];
  readonly stages: readonly (StageRecord | UnreadableStageRecord)[];
  readonly lateTimes: LateTimes | UnreadableRecord;
  /** Absent if it can't be told. */
  readonly activity?: Activity | undefined;
  /** Runs whose blob differed, or could not be compared, when they were compared last, ascending. Absent if it can't be told. */
  readonly unequal?: readonly RunNumber[] | undefined;
  /** When the record of the lowest run that waits for the import changed last, ISO 8601. Absent if it can't be told. */
  readonly oldestRecord?: string | undefined;
  /** Warnings of the last day that executions repeat. Absent if they can't be told. */
  readonly repeatedWarnings?: readonly RepeatedWarning[] | undefined;
  /** How many runs an incremental execution takes (`app.batch_size`). Absent if it does not matter. */
  readonly batchSize?: number | undefined;
  /** How this archiver is started with its configuration, quoted for a shell. */
  readonly command?: string | undefined;
  /** The runs that somebody gave up. Absent if nobody did, or if that can't be read, which is the error of the stages. */
  readonly givenUp?: GivenUp | undefined;
}

/** Which archived runs have no stop time, and which got it late. */
export interface LateTimes {
  /** Archived without stop time; the importer still looks for it. */
  readonly isUnfinished: (run: RunNumber) => boolean;
  /** A time came to artdaqDB after the archiving; a blob that existed by then lacks it. */
  readonly isAmended: (run: RunNumber) => boolean;
}

/** Why a record can't be read. */
export interface UnreadableRecord {
  readonly error: string;
}

/** Did every place answer, and could every record be read? */
export function isWhole({ places, stages, lateTimes }: Status): boolean {
  return (
    places.every(({ error }) => error === undefined) &&
    [...stages, lateTimes].every((record) => !('error' in record))
  );
}

/** Asks all places at the same time; one that fails does not affect the others. */
export async function queryPlaces(sources: readonly StatusSource[]): Promise<PlaceStatus[]> {
  return await Promise.all(
    sources.map(async ({ place, location, listRuns }) => {
      try {
        return { place, location, runs: await listRuns(), error: undefined };
      } catch (error) {
        return { place, location, runs: undefined, error: messageOf(error) };
      }
    }),
  );
}

/** The runs at a place, ascending; undefined if it could not be asked. */
export function runsAt({ places }: Status, place: RunPlace): readonly RunNumber[] | undefined {
  return places.find((candidate) => candidate.place === place)?.runs;
}

/**
 * Names and values of the lines that say which numbers the runs of a place have.
 * @param gaps describes what is missing between ranges
 */
export function extentOf(
  runs: readonly RunNumber[],
  gaps: (ranges: readonly NumberRange[]) => string = formatGaps,
): (readonly [string, string])[] {
  const ranges = toRanges(runs);
  const [first, last] = [runs[0], runs.at(-1)];
  if (first === undefined || last === undefined) return [['Status', 'No runs found']];
  return [
    ['Range', `${first} to ${last}`],
    ['Contiguous', formatRanges(ranges)],
    ['Gaps', gaps(ranges)],
  ];
}

/** The runs that a stage has not brought to its target and nobody gave up, ascending; undefined if that can't be told. */
export function missingAtTarget(status: Status, stage: StageName): readonly RunNumber[] | undefined {
  const { source, target } = stagePlaces[stage];
  return onlyAt(status, source, target);
}

/** The runs in artdaqDB without a run directory that nobody gave up, ascending; undefined if that can't be told. */
export function runsWithoutFiles(status: Status): readonly RunNumber[] | undefined {
  return onlyAt(status, 'artdaqDB', 'filesystem');
}

/** The runs in UconDB that are not in artdaqDB and nobody gave up, ascending; undefined if that can't be told. */
export function runsOnlyInUconDb(status: Status): readonly RunNumber[] | undefined {
  return onlyAt(status, 'UconDB', 'artdaqDB');
}

function onlyAt(status: Status, place: RunPlace, other: RunPlace): readonly RunNumber[] | undefined {
  const [here, there] = [runsAt(status, place), runsAt(status, other)];
  return here && there && notGivenUp(without(here, there), status);
}

function notGivenUp(runs: readonly RunNumber[], { givenUp }: Status): readonly RunNumber[] {
  return givenUp === undefined ? runs : runs.filter((run) => !givenUp.has(run));
}

/** The given-up runs that UconDB does not have; all of them if it could not be asked. */
export function openGivenUp(status: Status): GivenUp {
  return (status.givenUp ?? nothingGivenUp).without(RunSet.of(runsAt(status, 'UconDB') ?? []));
}

/**
 * Runs that incremental executions pass over: missing at the target, at or below the position, known from earlier executions, and
 * neither in the failure log, nor to be compared, nor waiting because of a fault.
 */
export function skippedRuns(
  missing: readonly RunNumber[],
  stage: Pick<StageRecord, 'state' | 'failed' | 'uncompared' | 'isKnown' | 'waiting'>,
): RunNumber[] {
  const { state, isKnown, waiting } = stage;
  const others = new Set([...stage.failed, ...stage.uncompared]);
  const position = positionOf(state);
  return missing.filter(
    (run) => !isAbove(run, position) && !others.has(run) && !waiting.byFault.has(run) && isKnown(run),
  );
}

/** The runs that a stage's next executions take or have to wait for, ascending; undefined if that can't be told. */
export function pendingRuns(status: Status, stage: StageRecord): readonly RunNumber[] | undefined {
  const missing = missingAtTarget(status, stage.stage);
  if (missing === undefined) return undefined;
  const skipped = RunSet.of([...stage.failed, ...skippedRuns(missing, stage)].sort(byRunNumber));
  return missing.filter((run) => !skipped.has(run));
}

/** A run of a failure log, and why it failed. */
export interface ExplainedRun extends FailureReason {
  readonly run: RunNumber;
}

/** The runs of a failure log whose reason is noted, ascending. */
export function explainedRuns({ failed, reasons }: StageRecord): ExplainedRun[] {
  return failed.flatMap((run) => {
    const reason = reasons.byRun.get(run);
    return reason === undefined ? [] : [{ run, ...reason }];
  });
}

/** The runs of a failure log whose reason is not noted, ascending. */
export function unexplainedRuns({ failed, reasons }: StageRecord): RunNumber[] {
  return failed.filter((run) => !reasons.byRun.has(run));
}

/** Archived runs without stop time that may still get it, ascending; undefined if that can't be told. */
export function unfinishedRuns(status: Status): readonly RunNumber[] | undefined {
  const { lateTimes } = status;
  if ('error' in lateTimes) return undefined;
  const files = runsAt(status, 'filesystem');
  const hasFiles = files && RunSet.of(files);
  const archived = runsAt(status, 'artdaqDB');
  return (
    archived &&
    notGivenUp(
      archived.filter((run) => lateTimes.isUnfinished(run) && hasFiles?.has(run) !== false),
      status,
    )
  );
}

/** Runs whose blob lacks a time that they have in artdaqDB, ascending; undefined if that can't be told. */
export function outdatedBlobs(status: Status): readonly RunNumber[] | undefined {
  const { lateTimes } = status;
  const stored = runsAt(status, 'UconDB');
  if ('error' in lateTimes || stored === undefined) return undefined;
  return notGivenUp(stored.filter(lateTimes.isAmended), status);
}
