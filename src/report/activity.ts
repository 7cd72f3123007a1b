import type { LastExecution } from '../state/last-execution.ts';
import { type Fact, type ReportLine, warning } from './lines.ts';
import { ago, duration, localMinute, minutesBetween, type ShowTime, span } from './times.ts';

/** What the archiver is doing, or did last. */
export interface Activity {
  /** Undefined: nothing is noted yet. */
  readonly last: LastExecution | undefined;
  /** The process that holds the lock, unless it is known to have ended. */
  readonly atWork: LockedBy | undefined;
  /** An execution should end at least this often; 0: nobody expects that. */
  readonly expectedEveryMinutes: number;
  readonly now: Date;
}

/** Who holds the lock. */
export interface LockedBy {
  readonly pid: number | undefined;
  readonly since: Date;
}

/** Times are ISO 8601, `stage` is in the log's words. */
export type ExecutionState =
  | { readonly state: 'unknown' }
  | { readonly state: 'running'; readonly started: string; readonly stage: string | null }
  | { readonly state: 'killed'; readonly started: string; readonly stage: string | null }
  | { readonly state: 'ended'; readonly started: string; readonly ended: string };

/** What can be told of the last execution under the lock. */
export function executionState({ last, atWork }: Activity): ExecutionState {
  const execution = last?.execution;
  if (atWork !== undefined) {
    const isNoted = execution?.ended === null && execution.pid === atWork.pid;
    return isNoted
      ? { state: 'running', started: execution.started, stage: execution.stage }
      : { state: 'running', started: atWork.since.toISOString(), stage: null };
  }
  if (execution === undefined) return { state: 'unknown' };
  const { started, ended, stage } = execution;
  return ended === null ? { state: 'killed', started, stage } : { state: 'ended', started, ended };
}

/** Has no execution ended for longer than it should take, and none is under way? */
export function isOverdue(activity: Activity): boolean {
  const { expectedEveryMinutes, now } = activity;
  const execution = executionState(activity);
  if (expectedEveryMinutes === 0 || execution.state === 'running') return false;
  if (execution.state === 'unknown') return true;
  return minutesBetween(lastSign(execution), now) >= expectedEveryMinutes;
}

function lastSign(execution: Extract<ExecutionState, { started: string }>): string {
  return execution.state === 'ended' ? execution.ended : execution.started;
}

/** What the archiver is doing, or when it last ran, how that ended, and how long it took. */
export function activityFact(activity: Activity, showTime: ShowTime = localMinute): Fact {
  const execution = executionState(activity);
  const hasEndedBadly = execution.state === 'ended' && activity.last?.execution.exit_code !== 0;
  const isAlarming = hasEndedBadly || execution.state === 'killed' || isOverdue(activity);
  return {
    level: isAlarming ? 'warning' : 'info',
    name: execution.state === 'running' ? 'Running' : 'Last execution',
    value: activityText(activity, execution, showTime),
  };
}

function activityText({ last, now }: Activity, execution: ExecutionState, showTime: ShowTime): string {
  if (execution.state === 'unknown') return 'none is noted';
  const when = `${showTime(lastSign(execution))} (${ago(lastSign(execution), now)})`;
  const stage =
    'stage' in execution && execution.stage !== null ? `: ${execution.stage}${doneText(last)}` : '';
  if (execution.state === 'running') return `since ${when}${stage}`;
  if (execution.state === 'killed') return `began ${when} and did not end${stage}`;
  return `${when}, ${endText(last?.execution)}`;
}

function doneText(last: LastExecution | undefined): string {
  const progress = last?.execution.progress;
  if (progress === undefined) return '';
  const { done, total, failed } = progress;
  return `, ${done} of ${total} runs${failed === 0 ? '' : ` (${failed} failed)`}`;
}

const endings = {
  success: 'ended well',
  failure: 'ended with failures',
  stopped: 'was stopped',
  refused: 'was refused',
  crashed: 'ended by an unexpected error',
} as const;

function endText(execution: LastExecution['execution'] | undefined): string {
  if (execution === undefined) return '';
  const { end, exit_code: code, seconds, error } = execution;
  const exit = code === 0 ? '' : ` (exit code ${code})`;
  const reason = error === null ? '' : `: ${error.message}`;
  return `${endings[end ?? 'success']}${exit} after ${duration(seconds ?? 0)}${reason}`;
}

/** What an operator should do about an execution that did not come, or did not end. */
export function activityAdvice(activity: Activity, showTime: ShowTime = localMinute): ReportLine[] {
  const execution = executionState(activity);
  const lines: ReportLine[] = [];
  if (execution.state === 'killed') {
    lines.push({
      ...warning(
        `The execution of ${showTime(execution.started)} did not end: it was killed, or its machine went down. The next one ` +
          'continues its work',
      ),
      flags: ['--incremental'],
    });
  }
  if (isOverdue(activity)) {
    const since = execution.state === 'unknown' ? undefined : lastSign(execution);
    const silence =
      since === undefined
        ? 'No execution is noted'
        : `The last execution was ${span(minutesBetween(since, activity.now))} ago`;
    lines.push({
      ...warning(
        `${silence}, but reporting.expected_every_minutes is ${activity.expectedEveryMinutes}: see whether cron or systemd still ` +
          'starts the archiver',
      ),
      flags: ['--incremental'],
    });
  }
  return lines;
}
