import type { Usability } from '../files/directory-access.ts';
import type { RunNumber } from '../runs/run-number.ts';
import type { ChannelName, Subject } from '../state/notified.ts';
import type { StageNews } from './stage-news.ts';

/** The content of a message, whatever its form. */
export interface StageReport extends StageNews {
  readonly stage: Subject;
  readonly host: string;
  /** Local time as `YYYY-MM-DD HH:MM:SS`. */
  readonly time: string;
  /** Path of the stage's failure log; undefined for an execution. */
  readonly failureLog: string | undefined;
  /** Why a run failed; undefined if only its number is known. */
  cause(run: RunNumber): string | undefined;
}

/** How messages name the stages and executions. */
export const stageTitles = { import: 'Import', migrate: 'Migration', execution: 'Execution' } as const;

/** Says that the stage or execution itself failed, not a run. */
export function itselfFailed({ stage }: StageReport): string {
  return stage === 'execution' ? 'The execution failed' : `The ${stage} stage itself failed`;
}

/** Says that {@link itselfFailed} is over. */
export function endsAgain({ stage }: StageReport): string {
  return stage === 'execution'
    ? 'Executions run to their end again.'
    : `The ${stage} stage runs to its end again.`;
}

/** All failing runs, beginning with those that were not told yet. */
export function failingRuns({ newRuns, knownRuns }: StageNews): RunNumber[] {
  return [...newRuns, ...knownRuns];
}

/** `1 run`, `3 runs`. */
export function countRuns(runs: readonly RunNumber[]): string {
  return `${runs.length} run${runs.length === 1 ? '' : 's'}`;
}

/** Says where the runs are that were told earlier: `3 runs are still in the import failure log /path`. */
export function stillInLog({ stage, failureLog, knownRuns }: StageReport): string {
  return `${countRuns(knownRuns)} ${knownRuns.length === 1 ? 'is' : 'are'} still in the ${stage} failure log ${failureLog}`;
}

/** Names the command that processes the runs of the failure log again. */
export function retryAdvice({ stage }: StageReport): string {
  return `Once the cause is removed, run-archiver --retry-failed-${stage} processes them again.`;
}

/** A way to tell people how a stage ended. */
export interface Channel {
  readonly name: ChannelName;
  /**
   * Sends one message.
   * @param signal aborted = give up at once
   * @throws NotificationError saying what to do, unless the message is known to have been delivered
   */
  send(report: StageReport, signal: AbortSignal): Promise<void>;
}

/** A channel that can be tried without sending anything. */
export interface CheckableChannel extends Channel {
  /** Where messages go, for readers. */
  readonly location: string;
  /**
   * Does everything that sending a message needs, but sends none.
   * @param signal aborted = give up at once
   * @throws NotificationError saying what to do, if no message would get through
   */
  check(signal: AbortSignal): Promise<Usability>;
}
