import type { RunNumber } from '../runs/run-number.ts';
import type { FailureReason } from '../state/failure-reasons.ts';
import type { StageRecord } from './status.ts';

/** A run of a failure log, and why it failed. */
export interface ExplainedRun extends FailureReason {
  readonly run: RunNumber;
}

/** The runs of a failure log with the reason that is noted of each, ascending. */
export function explainedRuns({ failed, reasons }: StageRecord): ExplainedRun[] {
  return failed.flatMap((run) => {
    const reason = reasons.byRun.get(run);
    return reason === undefined ? [] : [{ run, ...reason }];
  });
}

/** The runs of a failure log of which no reason is noted, ascending. */
export function unexplainedRuns({ failed, reasons }: StageRecord): RunNumber[] {
  return failed.filter((run) => !reasons.byRun.has(run));
}
