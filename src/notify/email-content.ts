import type { RunNumber } from '../runs/run-number.ts';
import { escapeHtml, shortened } from '../shown-text.ts';
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

/** An email without its addresses. */
export interface EmailContent {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** A part of the message: a heading, and either text or runs below it. */
interface Section {
  readonly heading: string;
  readonly text?: string;
  readonly runs?: readonly RunNumber[];
}

/** Further runs are only named by their numbers. */
const MOST_CAUSES = 200;
const LONGEST_CAUSE = 1000;

/** A report as an email, in plain text and in HTML. */
export function emailContent(report: StageReport): EmailContent {
  const sections = sectionsOf(report);
  const footer = [...(failingRuns(report).length > 0 ? [retryAdvice(report)] : []), `Host: ${report.host}`];
  const text = [...sections.map((section) => sectionText(section, report)), footer.join('\n')].join('\n\n');
  const body = [...sections.map((section) => sectionHtml(section, report)), ...footer.map(paragraph)];
  return {
    subject: subjectOf(report),
    text: `${text}\n`,
    html: `<!DOCTYPE html>\n<html><body>\n${body.join('\n')}\n</body></html>\n`,
  };
}

function subjectOf({ kind, stage, host, time }: StageReport): string {
  const title = `Run Record Archiver ${stageTitles[stage]}`;
  if (kind === 'over') return `${title} Recovered on ${host} at ${time}`;
  return `${title} Errors on ${host} at ${time}${kind === 'reminder' ? ' (reminder)' : ''}`;
}

function sectionsOf(report: StageReport): Section[] {
  const { stage, error, errorIsOver, newRuns, knownRuns, goneRuns } = report;
  const isAllOver = error === undefined && failingRuns(report).length === 0;
  return [
    error !== undefined && { heading: `${itselfFailed(report)}:`, text: error },
    newRuns.length > 0 && {
      heading: `The following runs failed during the ${stage} stage:`,
      runs: newRuns,
    },
    errorIsOver && { heading: endsAgain(report) },
    isAllOver && stage !== 'execution' && { heading: `No run of the ${stage} stage is failing any longer.` },
    goneRuns.length > 0 && {
      heading: `${countRuns(goneRuns)} reported earlier, no longer failing:`,
      text: goneRuns.join(', '),
    },
    knownRuns.length > 0 && {
      heading: `${stillInLog(report)}, as reported earlier:`,
      runs: knownRuns,
    },
  ].filter((section) => section !== false);
}

function split(runs: readonly RunNumber[]): { readonly shown: readonly RunNumber[]; readonly rest: string } {
  const others = runs.slice(MOST_CAUSES);
  const rest = others.length === 0 ? '' : `and ${countRuns(others)} more: ${others.join(', ')}`;
  return { shown: runs.slice(0, MOST_CAUSES), rest };
}

function causeOf(run: RunNumber, report: StageReport): string {
  return shortened(report.cause(run) ?? 'the error is in the log of the archiver', LONGEST_CAUSE);
}

function sectionText({ heading, text, runs = [] }: Section, report: StageReport): string {
  const { shown, rest } = split(runs);
  const lines = shown.map((run) => `${run}: ${causeOf(run, report).replaceAll('\n', '\n    ')}`);
  const body = [text, lines.join('\n'), rest].filter((part) => part !== undefined && part !== '');
  return body.length === 0 ? heading : `${heading}\n\n${body.join('\n')}`;
}

function sectionHtml({ heading, text, runs = [] }: Section, report: StageReport): string {
  const { shown, rest } = split(runs);
  const rows = shown.map((run) => `<tr><td>${run}</td><td>${htmlLines(causeOf(run, report))}</td></tr>`);
  return [
    `<h3>${escapeHtml(heading)}</h3>`,
    text !== undefined && paragraph(text),
    rows.length > 0 &&
      `<table border="1" cellpadding="4" style="border-collapse: collapse">\n<tr><th>Run</th><th>Error</th></tr>\n${rows.join('\n')}\n</table>`,
    rest !== '' && paragraph(rest),
  ]
    .filter((part) => part !== false)
    .join('\n');
}

function paragraph(text: string): string {
  return `<p>${htmlLines(text)}</p>`;
}

function htmlLines(text: string): string {
  return escapeHtml(text).replaceAll('\n', '<br>');
}
