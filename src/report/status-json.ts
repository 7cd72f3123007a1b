import type { RunNumber } from '../runs/run-number.ts';
import { type NumberRange, toRanges } from '../runs/run-set.ts';
import { formatJson } from '../shown-text.ts';
import { givenUpTogether } from '../stages/given-up-texts.ts';
import { nothingGivenUp } from '../state/given-up-runs.ts';
import { positionOf } from '../state/position.ts';
import { type PostponementReason, type WaitingState, waitingByPlace } from '../state/waiting-runs.ts';
import { executionState, isOverdue } from './activity.ts';
import { knownRuns, likelySlips } from './likely-slips.ts';
import { commandOf, recommendations } from './recommendations.ts';
import {
  explainedRuns,
  isWhole,
  missingAtTarget,
  outdatedBlobs,
  type PlaceStatus,
  runsAt,
  runsOnlyInUconDb,
  runsWithoutFiles,
  type Status,
  skippedRuns,
  unfinishedRuns,
} from './status.ts';
import { summaryOf } from './summary.ts';

/** Raised when a member changes its meaning or is removed, but not when one is added. */
const VERSION = 1;

/** Some runs, for programs. */
interface RunsJson {
  readonly total: number;
  /** Both ends included, ascending. */
  readonly ranges: readonly NumberRange[];
}

/**
 * The status report as one JSON document (documentation/FILE_FORMATS.md, "Status report as JSON"). What could not be asked or
 * read is null.
 */
export function statusJson(status: Status, now: Date): string {
  const document = {
    version: VERSION,
    time: now.toISOString(),
    complete: isWhole(status),
    places: status.places.map(placeJson),
    stages: status.stages.map((stage) => {
      if ('error' in stage) return { stage: stage.stage, error: stage.error };
      const missing = missingAtTarget(status, stage.stage);
      return {
        stage: stage.stage,
        error: null,
        last_contiguous_run: stage.state.lastContiguousRun,
        last_attempted_run: stage.state.lastAttemptedRun,
        position: positionOf(stage.state),
        failed: runsJson(stage.failed),
        uncompared: runsJson(stage.uncompared),
        failure_reasons: stage.reasons.problem === undefined ? explainedRuns(stage) : null,
        skipped: runsJson(missing && skippedRuns(missing, stage)),
        waiting: waitingJson(stage.waiting),
      };
    }),
    differences: {
      to_import: runsJson(missingAtTarget(status, 'import')),
      to_migrate: runsJson(missingAtTarget(status, 'migrate')),
      without_files: runsJson(runsWithoutFiles(status)),
      only_in_ucondb: runsJson(runsOnlyInUconDb(status)),
    },
    stop_times: {
      missing: runsJson(unfinishedRuns(status)),
      missing_in_ucondb_only: runsJson(outdatedBlobs(status)),
    },
    given_up: givenUpJson(status),
    summary: summaryJson(status),
    recommendations: recommendations(status).map((line) => ({
      level: line.level,
      text: line.text,
      command: commandOf(line, status),
    })),
  };
  return formatJson(document);
}

function summaryJson(status: Status) {
  const { backlog, waiting, oldest } = summaryOf(status);
  const { activity } = status;
  const stages = ['import', 'migrate'] as const;
  const ofStages = <T>(value: (stage: (typeof stages)[number]) => T | undefined) =>
    Object.fromEntries(stages.map((stage) => [stage, value(stage) ?? null]));
  return {
    execution: activity === undefined ? null : { ...executionState(activity), overdue: isOverdue(activity) },
    last_execution: activity?.last?.execution ?? null,
    last_archived: ofStages((stage) => backlog.stages[stage].lastArchived),
    waiting: ofStages((stage) => waiting[stage]),
    oldest_waiting: oldest ?? null,
    failed: ofStages((stage) => backlog.stages[stage].failed),
    oldest_failed: ofStages((stage) => backlog.stages[stage].oldestFailed),
    unequal: runsJson(status.unequal),
    likely_slips: likelySlips(knownRuns(status)),
  };
}

function placeJson({ place, location, runs, error }: PlaceStatus) {
  return { place, location: Object.fromEntries(location), error: error ?? null, runs: runsJson(runs) };
}

function waitingJson({ byFault, postponed }: WaitingState) {
  const ranges = (reason: PostponementReason): RunsJson => {
    const runs = postponed.get(reason);
    return { total: runs?.size ?? 0, ranges: runs?.ranges ?? [] };
  };
  return {
    fault: waitingByPlace(byFault).map(({ place, cause, since, runs }) => ({
      place,
      cause,
      since,
      runs: runsJson(runs),
    })),
    stop_time: ranges('stop-time'),
    copying: ranges('copying'),
    most_recent: ranges('most-recent'),
  };
}

/** Null if it can't be read. */
function givenUpJson(status: Status) {
  const { stages, givenUp } = status;
  if (givenUp === undefined && stages.some((stage) => 'error' in stage)) return null;
  const stored = runsAt(status, 'UconDB');
  return givenUpTogether(givenUp ?? nothingGivenUp).map(({ runs, by, time, reason }) => ({
    runs: { total: runs.size, ranges: runs.ranges },
    by,
    time,
    reason,
    in_ucondb: runsJson(stored?.filter((run) => runs.has(run))),
  }));
}

function runsJson(runs: readonly RunNumber[] | undefined): RunsJson | null {
  return runs === undefined ? null : { total: runs.length, ranges: toRanges(runs) };
}
