import { type WaitingAtPlace, type WaitingState, waitingByPlace } from '../persistence/waiting-runs.ts';
import { formatTime } from '../services/log-line.ts';
import { formatRanges, formatRuns } from './ranges.ts';

/** Runs that wait for one reason. */
export interface WaitingFact {
  /** A fault is the only reason that somebody should look at. */
  readonly level: 'warning' | 'info';
  /** As `3 run(s) wait since 2026-12-01 03:20:00 because of a fault at UconDB write (5011-5013)`. */
  readonly text: string;
}

const reasonTexts = {
  'stop-time': 'for their stop time (source_files.wait_for_stop_time_hours)',
  copying: 'as they are still being copied',
  'most-recent': 'as the most recent run (app.exclude_most_recent_run)',
} as const;

/** Who waits in a stage, and why; empty if nobody does. */
export function waitingFacts({ byFault, postponed }: WaitingState): WaitingFact[] {
  return [
    ...waitingByPlace(byFault).map(
      (each) => ({ level: 'warning', text: `${faultText(each)}. Last error: ${each.cause}` }) as const,
    ),
    ...[...postponed]
      .filter(([, { size }]) => size > 0)
      .map(([reason, runs]) => {
        const text = `${runs.size} run(s) wait ${reasonTexts[reason]} (${formatRanges(runs.ranges)})`;
        return { level: 'info', text } as const;
      }),
  ];
}

/** Which runs wait because of a fault at a place, and since when (local time). */
export function faultText({ place, runs, since }: WaitingAtPlace): string {
  const time = formatTime(new Date(since)).slice(0, 'YYYY-MM-DD HH:MM:SS'.length);
  return `${runs.length} run(s) wait since ${time} because of a fault at ${place} (${formatRuns(runs)})`;
}
