import { formatTime } from '../log/log-line.ts';
import { formatRanges, formatRuns } from '../runs/run-set.ts';
import {
  type PostponementReason,
  type WaitingAtPlace,
  type WaitingState,
  waitingByPlace,
} from '../state/waiting-runs.ts';

/** Runs that wait for one reason. */
export interface WaitingFact {
  /** Only a fault needs somebody's attention. */
  readonly level: 'warning' | 'info';
  /** As `2 run(s) wait as they are still being copied (5011-5012)`. */
  readonly text: string;
}

/** Why runs wait although nothing failed: `runs wait …`. */
export const postponementTexts: Readonly<Record<PostponementReason, string>> = {
  'stop-time': 'for their stop time (source_files.wait_for_stop_time_hours)',
  copying: 'as they are still being copied',
  'most-recent': 'as the most recent run (app.exclude_most_recent_run)',
};

/** Who waits in a stage, and why; empty if nobody does. */
export function waitingFacts({ byFault, postponed }: WaitingState): WaitingFact[] {
  return [
    ...waitingByPlace(byFault).map((each) => ({ level: 'warning', text: faultText(each) }) as const),
    ...[...postponed]
      .filter(([, { size }]) => size > 0)
      .map(([reason, runs]) => {
        const text = `${runs.size} run(s) wait ${postponementTexts[reason]} (${formatRanges(runs.ranges)})`;
        return { level: 'info', text } as const;
      }),
  ];
}

/** Says which runs wait because of a fault at a place, since when (local time), and the last error. */
export function faultText({ place, runs, since, cause }: WaitingAtPlace): string {
  const time = formatTime(new Date(since)).slice(0, 'YYYY-MM-DD HH:MM:SS'.length);
  return (
    `${runs.length} run(s) wait since ${time} because of a fault at ${place} (${formatRuns(runs)}), and are tried again by each ` +
    `execution. Last error: ${cause}`
  );
}
