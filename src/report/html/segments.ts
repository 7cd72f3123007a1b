import type { StageName } from '../../errors.ts';
import type { RunNumber } from '../../runs/run-number.ts';
import { type NumberRange, RunSet } from '../../runs/run-set.ts';
import { isAbove, positionOf } from '../../state/position.ts';
import { knownRuns } from '../likely-slips.ts';
import {
  missingAtTarget,
  outdatedBlobs,
  type RunPlace,
  runPlaces,
  runsAt,
  type Status,
  skippedRuns,
  unfinishedRuns,
} from '../status.ts';

/**
 * The state of a run at a place.
 * - `incomplete`: present, but without the stop time that it should have
 * - `failed`: missing, and in the failure log of the stage that brings it
 * - `skipped`: missing, and incremental executions pass over it
 * - `late`: it came after the position had passed it, and the next incremental execution takes it
 * - `uncompared`: uploaded, but it counts only once a comparison finds it equal
 * - `waiting`: a later execution takes it
 * - `given-up`: missing, and somebody gave it up
 * - `absent`: only elsewhere
 * - `unused`: in no place that was asked
 * - `unknown`: the place could not be asked
 * - `unselected`: the report is not about it
 */
export type CellState =
  | 'present'
  | 'incomplete'
  | 'failed'
  | 'skipped'
  | 'late'
  | 'uncompared'
  | 'waiting'
  | 'given-up'
  | 'absent'
  | 'unused'
  | 'unknown'
  | 'unselected';

/** What consecutive runs have in common. */
export interface RunState {
  readonly cells: Readonly<Record<RunPlace, CellState>>;
  /** Stages whose failure log holds the runs. */
  readonly failedIn: readonly StageName[];
}

/** Consecutive runs in the same state, both ends included. */
export interface Segment extends RunState, NumberRange {}

/** Is the run at the place? */
export function isThere(state: CellState): boolean {
  return state === 'present' || state === 'incomplete';
}

/** How many runs a range has. */
export function lengthOf({ first, last }: NumberRange): number {
  return last - first + 1;
}

/** Joins ascending ranges that touch. */
export function joinRanges(stretches: readonly NumberRange[]): NumberRange[] {
  const joined: { first: RunNumber; last: RunNumber }[] = [];
  for (const { first, last } of stretches) {
    const current = joined.at(-1);
    if (current?.last === first - 1) current.last = last;
    else joined.push({ first, last });
  }
  return joined;
}

/**
 * All runs from the lowest to the highest that a place or a failure log knows, as ascending segments without a hole. Neighbours
 * differ in their state.
 * @param selection the runs that the report is about; all if absent
 */
export function toSegments(status: Status, selection: RunSet | undefined): Segment[] {
  const classify = classifier(status);
  const segments: { first: RunNumber; last: RunNumber; key: string; state: RunState }[] = [];
  const add = (first: RunNumber, last: RunNumber, state: RunState) => {
    const key = JSON.stringify(state);
    const current = segments.at(-1);
    if (current?.key === key) current.last = last;
    else segments.push({ first, last, key, state });
  };
  let next: RunNumber | undefined;
  for (const run of knownRuns(status)) {
    if (next !== undefined && run > next) {
      for (const { first, last, isSelected } of stretches({ first: next, last: run - 1 }, selection)) {
        add(first, last, isSelected ? classify(first) : unselected);
      }
    }
    add(run, run, classify(run));
    next = run + 1;
  }
  return segments.map(({ first, last, state }) => ({ first, last, ...state }));
}

const unselected: RunState = {
  cells: { filesystem: 'unselected', artdaqDB: 'unselected', UconDB: 'unselected' },
  failedIn: [],
};

/** Divides a range into parts that are selected and parts that are not. */
function stretches(
  range: NumberRange,
  selection: RunSet | undefined,
): (NumberRange & { readonly isSelected: boolean })[] {
  if (selection === undefined) return [{ ...range, isSelected: true }];
  const found: (NumberRange & { readonly isSelected: boolean })[] = [];
  let next = range.first;
  for (const selected of selection.ranges) {
    const first = Math.max(selected.first, range.first);
    const last = Math.min(selected.last, range.last);
    if (first > last) continue;
    if (first > next) found.push({ first: next, last: first - 1, isSelected: false });
    found.push({ first, last, isSelected: true });
    next = last + 1;
  }
  if (next <= range.last) found.push({ first: next, last: range.last, isSelected: false });
  return found;
}

type RunsAt = RunSet | undefined;

function classifier(status: Status): (run: RunNumber) => RunState {
  const whyNotImported = reasons('import', status);
  const whyNotMigrated = reasons('migrate', status);
  const [files, artdaqDb, uconDb] = runPlaces.map((place) => asSet(runsAt(status, place)));
  const unfinished = asSet(unfinishedRuns(status));
  const outdated = asSet(outdatedBlobs(status));
  const failures = status.stages.map((stage) => ({
    stage: stage.stage,
    failed: new Set('error' in stage ? [] : stage.failed),
  }));
  return (run) => {
    const isSomewhere = [files, artdaqDb, uconDb].some((runs) => runs?.has(run));
    const isGivenUp = isSomewhere && status.givenUp?.has(run) === true;
    const cell = (runs: RunsAt, reason?: CellState, incomplete?: RunsAt): CellState => {
      if (runs === undefined) return 'unknown';
      if (runs.has(run)) return incomplete?.has(run) ? 'incomplete' : 'present';
      if (isGivenUp && runs !== files) return 'given-up';
      return reason ?? (isSomewhere ? 'absent' : 'unused');
    };
    const importFirst = files?.has(run) && artdaqDb?.has(run) === false ? 'waiting' : undefined;
    return {
      cells: {
        filesystem: cell(files),
        artdaqDB: cell(artdaqDb, whyNotImported(run), unfinished),
        UconDB: cell(uconDb, whyNotMigrated(run) ?? importFirst, outdated),
      },
      failedIn: failures.filter(({ failed }) => failed.has(run)).map(({ stage }) => stage),
    };
  };
}

/** Why a stage has not brought a run to its target, as far as that can be told. */
function reasons(name: StageName, status: Status): (run: RunNumber) => CellState | undefined {
  const stage = status.stages.find((candidate) => candidate.stage === name);
  if (stage === undefined || 'error' in stage) return () => undefined;
  const missing = missingAtTarget(status, name) ?? [];
  const position = positionOf(stage.state);
  const failed = new Set(stage.failed);
  const skipped = RunSet.of(skippedRuns(missing, stage));
  const pending = RunSet.of(missing);
  const uncompared = new Set(stage.uncompared);
  return (run) => {
    if (failed.has(run)) return 'failed';
    if (uncompared.has(run)) return 'uncompared';
    if (skipped.has(run)) return 'skipped';
    if (!pending.has(run)) return undefined;
    return isAbove(run, position) ? 'waiting' : 'late';
  };
}

function asSet(runs: readonly RunNumber[] | undefined): RunsAt {
  return runs && RunSet.of(runs);
}
