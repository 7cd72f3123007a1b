import type { StageName } from '../errors.ts';
import type { Backlog, StageBacklog } from '../state/backlog.ts';
import type { Gauges } from './stage-gauges.ts';

const stages = ['import', 'migrate'] as const;

/** The gauges that tell what is still to be done. */
type BacklogGauges = Pick<
  Gauges,
  'waiting_runs' | 'waiting_oldest_timestamp_seconds' | 'unequal_runs' | 'last_archived_timestamp_seconds'
>;

/** The gauges that tell what is still to be done in a stage; those that nobody knows are undefined. */
export function backlogGauges(backlog: Backlog, stage: StageName): BacklogGauges {
  const { oldestWaiting, lastArchived, ...own } = backlog.stages[stage];
  return {
    waiting_runs: stillToDo(own),
    waiting_oldest_timestamp_seconds: secondsOf(oldestWaiting?.since),
    unequal_runs: stage === 'migrate' ? backlog.unequal : undefined,
    last_archived_timestamp_seconds: secondsOf(lastArchived?.time),
  };
}

/** Of all gauges of a stage those that {@link backlogGauges} makes. */
export function onlyBacklog({
  waiting_runs,
  waiting_oldest_timestamp_seconds,
  unequal_runs,
  last_archived_timestamp_seconds,
}: Gauges): BacklogGauges {
  return {
    waiting_runs,
    waiting_oldest_timestamp_seconds,
    unequal_runs,
    last_archived_timestamp_seconds,
  };
}

/** The backlog for Carbon, name by name, without what nobody knows; times are Unix times. */
export function backlogMetrics(backlog: Backlog, now: Date): Readonly<Record<string, number>> {
  const metrics = stages.map((stage) => {
    const { waiting, left, failed, oldestWaiting, lastArchived, lastSuccess } = backlog.stages[stage];
    const since = secondsOf(oldestWaiting?.since);
    const age = since === undefined ? 0 : Math.max(0, Math.round(now.getTime() / 1000 - since));
    return {
      [`${stage}.runs_waiting`]: stillToDo({ waiting, left }),
      [`${stage}.runs_waiting_oldest_seconds`]: waiting === undefined ? undefined : age,
      [`${stage}.runs_failure_log`]: failed,
      [`${stage}.last_archived_time`]: secondsOf(lastArchived?.time),
      [`${stage}.last_success_time`]: secondsOf(lastSuccess),
    };
  });
  return withoutUnknown({
    ...metrics[0],
    ...metrics[1],
    'migrate.runs_unequal': backlog.unequal,
    'execution.last_end_time': secondsOf(backlog.lastEnd),
  });
}

function stillToDo({ waiting, left = 0 }: Pick<StageBacklog, 'waiting' | 'left'>): number | undefined {
  return waiting === undefined ? undefined : waiting + left;
}

function secondsOf(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time) / 1000;
}

function withoutUnknown(values: Readonly<Record<string, number | undefined>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
