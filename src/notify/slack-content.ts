import type { KnownBlock, MrkdwnElement } from '@slack/web-api';
import type { RunNumber } from '../runs/run-number.ts';
import { shortened } from '../shown-text.ts';
import {
  countRuns,
  endsAgain,
  failingRuns,
  itselfFailed,
  retryAdvice,
  type StageReport,
  stageTitles,
  stillInLog,
} from './stage-report.ts';

/** A Slack message without its channel. */
export interface SlackContent {
  /** What Slack's own notifications show instead of the blocks. */
  readonly text: string;
  readonly blocks: KnownBlock[];
}

const MOST_RUNS = 10;
const MOST_ERRORS = 5;
const LONGEST_CAUSE = 300;
/** Slack refuses a section of more than 3000 characters. */
const LONGEST_SECTION = 2900;

const headings = {
  failure: (stage: string) => `⚠️ Run Record Archiver ${stage} Failures`,
  reminder: (stage: string) => `⚠️ Run Record Archiver ${stage} Failures (reminder)`,
  over: (stage: string) => `✅ Run Record Archiver ${stage} Recovered`,
} as const;

/**
 * A report as a Slack message.
 * @param users ids of the users to mention, unless the failures are over
 */
export function slackContent(report: StageReport, users: readonly string[]): SlackContent {
  const { kind, stage, host, time } = report;
  const heading = headings[kind](stageTitles[stage]);
  const mentions = kind === 'over' ? '' : users.map((user) => `<@${user}>`).join(' ');
  const fields = [
    `*Host:*\n${escaped(host)}`,
    `*Time:*\n${time}`,
    `*Stage:*\n${stageTitles[stage]}`,
    `*Failed Runs:*\n${failingRuns(report).length}`,
  ];
  return {
    text: `${heading.slice(heading.indexOf(' ') + 1)}: ${summary(report)} on ${host}${mentions && ` ${mentions}`}`,
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: heading } },
      { type: 'section', fields: fields.map(mrkdwn) },
      ...sectionsOf(report).map(section),
      ...(mentions === '' ? [] : [section(mentions)]),
    ],
  };
}

function summary(report: StageReport): string {
  const { kind, stage, error } = report;
  const failing = failingRuns(report);
  if (kind === 'over' && failing.length === 0) return 'no failures are left';
  const itself = error === undefined ? '' : `the ${stage === 'execution' ? stage : 'stage'} failed, `;
  return `${itself}${countRuns(failing)} failed`;
}

function sectionsOf(report: StageReport): string[] {
  const { error, errorIsOver, newRuns, knownRuns, goneRuns } = report;
  const failing = failingRuns(report);
  const causes = failing.slice(0, MOST_ERRORS).flatMap((run) => {
    const cause = report.cause(run);
    return cause === undefined ? [] : [`• ${run}: ${escaped(shortened(cause, LONGEST_CAUSE))}`];
  });
  return [
    error !== undefined && `*${itselfFailed(report)}:*\n${escaped(error)}`,
    failing.length > 0 && `*Run Numbers:*\n${numbers(failing)}`,
    causes.length > 0 && `*Errors:*\n${causes.join('\n')}`,
    newRuns.length > 0 && knownRuns.length > 0 && `*New:* ${numbers(newRuns)}`,
    errorIsOver && endsAgain(report),
    goneRuns.length > 0 && `*No longer failing:*\n${numbers(goneRuns)}`,
    knownRuns.length > 0 && `${escaped(stillInLog(report))}, as reported earlier.`,
    failing.length > 0 && retryAdvice(report),
  ].filter((text) => text !== false);
}

function numbers(runs: readonly RunNumber[]): string {
  const shown = runs.slice(0, MOST_RUNS).join(', ');
  return runs.length > MOST_RUNS ? `${shown}, ... (${runs.length - MOST_RUNS} more)` : shown;
}

function section(text: string): KnownBlock {
  return { type: 'section', text: mrkdwn(shortened(text, LONGEST_SECTION)) };
}

function mrkdwn(text: string): MrkdwnElement {
  return { type: 'mrkdwn', text };
}

/** In Slack's markup only these characters need escaping. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
