import { formatTime } from '../log/log-line.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { formatRuns } from '../runs/run-set.ts';
import type { FailureReason } from '../state/failure-reasons.ts';
import { info, label, type ReportLine } from './lines.ts';
import type { StageRecord, Status } from './status.ts';

const rule = '-'.repeat(70);
const shownRuns = 20;
const headings = { import: 'IMPORT FAILURE LOG', migrate: 'MIGRATION FAILURE LOG' } as const;

/** When and why the runs of each failure log failed, newest run first; nothing for a stage without any. */
export function failureLines({ stages }: Status): ReportLine[] {
  return stages.flatMap((stage) => ('error' in stage || stage.failed.length === 0 ? [] : stageLines(stage)));
}

function stageLines(stage: StageRecord): ReportLine[] {
  const newest = explainedRuns(stage).reverse();
  const unexplained = unexplainedRuns(stage);
  const more = newest.length - shownRuns;
  const lines = newest
    .slice(0, shownRuns)
    .map(({ run, time, message }) => label(String(run), `${localTime(time)} ${message}`));
  if (more > 0) lines.push(label('More', `${more} run(s) with lower numbers; --json tells of all`));
  if (unexplained.length > 0) {
    lines.push(label('Not noted why', `${unexplained.length} run(s) (${formatRuns(unexplained)})`));
  }
  return [info(''), info(headings[stage.stage]), info(rule), ...lines.map(asWarning)];
}

/** The time that the lines about it in the log have, to the second. */
function localTime(iso: string): string {
  return formatTime(new Date(iso)).slice(0, 'YYYY-MM-DD HH:MM:SS'.length);
}

function asWarning({ text }: ReportLine): ReportLine {
  return { level: 'warning', text };
}

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
