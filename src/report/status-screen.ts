import type { Screen, Style } from '../log/screen.ts';
import { wrapped } from '../log/screen.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { formatRuns, rangeText, toRanges } from '../runs/run-set.ts';
import { visible } from '../shown-text.ts';
import { headlineOf } from './headline.ts';
import { likelySlips } from './likely-slips.ts';
import { type Fact, gapsText, type ReportLine, runsText } from './lines.ts';
import { commandOf, recommendations } from './recommendations.ts';
import { stageFacts } from './state-comparison.ts';
import {
  type ExplainedRun,
  explainedRuns,
  type PlaceStatus,
  placeNames,
  type StageRecord,
  type Status,
  unexplainedRuns,
} from './status.ts';
import { summaryFacts } from './summary.ts';
import { localMinute } from './times.ts';

/** What the head of the report says. */
export interface ScreenHead {
  readonly host: string;
  readonly time: Date;
  readonly configPath: string;
}

const levelStyles: Readonly<Record<ReportLine['level'], Style>> = {
  info: 'dim',
  warning: 'yellow',
  error: 'red',
};
const headlineStyles = { good: 'green', warning: 'yellow', error: 'red' } as const;
const signs = { good: '✓', warning: '!', error: '✗' } as const;
/** The column at which the values of names begin. */
const VALUES_AT = 22;
/** Causes of failures that are shown. */
const SHOWN_CAUSES = 8;

/**
 * The status report as plain text for a person at a terminal: what matters first, and no line longer than the screen, but for a
 * single word of a command that is.
 * @param compareState adds a section that compares the places with the stages' state
 */
export function statusScreen(
  status: Status,
  head: ScreenHead,
  compareState: boolean,
  screen: Screen,
): string {
  const { columns, paint } = screen;
  const layout = new Layout(columns, paint);
  const { level, text } = headlineOf(status);
  const records = status.stages.flatMap((stage) => ('error' in stage ? [] : [stage]));
  layout.text(
    `Run record archiver on ${head.host}, ${localMinute(head.time.toISOString())}, ${head.configPath}`,
    'dim',
  );
  layout.blank();
  layout.text(`${signs[level]} ${text}`, headlineStyles[level], 'bold');
  layout.blank();
  layout.facts(summaryFacts(status));
  layout.title('What to do');
  for (const line of urgentFirst(recommendations(status))) {
    layout.item(line, commandOf(line, status));
  }
  layout.title('Places');
  for (const place of status.places)
    layout.facts([placeFact(place)], ...place.location.map(([, value]) => value));
  if (records.some(({ failed }) => failed.length > 0)) {
    layout.title('Why runs failed');
    for (const stage of records) layout.facts(causes(stage));
  }
  if (compareState) {
    for (const stage of records) {
      layout.title(stage.stage === 'import' ? 'State of the import stage' : 'State of the migrate stage');
      layout.facts(stageFacts(stage, status));
    }
  }
  return layout.toString();
}

/** The lines of a report on a screen. */
class Layout {
  readonly #columns: number;
  readonly #paint: Screen['paint'];
  readonly #lines: string[] = [];

  constructor(columns: number, paint: Screen['paint']) {
    this.#columns = columns;
    this.#paint = paint;
  }

  toString(): string {
    return this.#lines.map((line) => `${line}\n`).join('');
  }

  blank(): void {
    this.#lines.push('');
  }

  title(text: string): void {
    this.blank();
    this.text(text, 'bold');
  }

  text(text: string, ...styles: readonly Style[]): void {
    for (const line of wrapped(visible(text), this.#columns)) this.#lines.push(this.#styled(line, styles));
  }

  /**
   * A name and its value, which continues below itself.
   * @param more further values of the last name, each on a line of its own
   */
  facts(facts: readonly Fact[], ...more: readonly string[]): void {
    for (const { level, name, value } of facts) {
      const styles = level === 'info' ? [] : [levelStyles[level]];
      const [first = '', ...others] = wrapped(visible(value), this.#columns - VALUES_AT);
      const label = `  ${name}`.padEnd(VALUES_AT);
      this.#lines.push(label + this.#styled(first, styles));
      for (const line of others) this.#lines.push(indent(VALUES_AT) + this.#styled(line, styles));
    }
    for (const line of more.flatMap((text) => wrapped(visible(text), this.#columns - VALUES_AT))) {
      this.#lines.push(indent(VALUES_AT) + this.#paint('dim', line));
    }
  }

  /** Something to do, and its command. */
  item({ level, text }: ReportLine, command: string | undefined): void {
    const sign = { info: '-', warning: '!', error: '✗' }[level];
    const lines = wrapped(visible(text.replace(/^(WARNING|INFO): /, '')), this.#columns - 4);
    for (const [index, line] of lines.entries()) {
      this.#lines.push(index === 0 ? `  ${this.#paint(levelStyles[level], sign)} ${line}` : `    ${line}`);
    }
    if (command === undefined) return;
    for (const line of commandLines(command, this.#columns)) this.#lines.push(this.#paint('cyan', line));
  }

  #styled(text: string, styles: readonly Style[]): string {
    return styles.reduce((styled, style) => this.#paint(style, styled), text);
  }
}

function indent(columns: number): string {
  return ' '.repeat(columns);
}

/** A command to paste: where it is too long, it continues behind a backslash. */
function commandLines(command: string, columns: number): string[] {
  const words = command.match(/(?:'(?:[^']|'\\'')*'|[^ ])+/g) ?? [];
  const lines: string[] = [];
  let line = indent(6);
  for (const word of words) {
    const isFirst = line.trim() === '';
    if (!isFirst && line.length + word.length + 3 > columns) {
      lines.push(`${line} \\`);
      line = indent(8) + word;
    } else line += isFirst ? word : ` ${word}`;
  }
  return [...lines, line];
}

function urgentFirst(lines: readonly ReportLine[]): ReportLine[] {
  return (['error', 'warning', 'info'] as const).flatMap((level) =>
    lines.filter((line) => line.level === level),
  );
}

function placeFact({ place, runs, error }: PlaceStatus): Fact {
  const name = placeNames[place];
  if (runs === undefined) return { level: 'error', name, value: `no answer: ${error}` };
  return { level: 'info', name, value: runs.length === 0 ? 'no runs' : extentText(runs) };
}

/** `4,957 runs, 5001-10700, 743 gaps: 5002, 5005-5006`; likely slips are told apart. */
function extentText(runs: readonly RunNumber[]): string {
  const slips = likelySlips(runs);
  const ranges = toRanges(slips.length === 0 ? runs : runs.slice(0, -slips.length));
  const extent = { first: ranges[0]?.first ?? 0, last: ranges.at(-1)?.last ?? 0 };
  const far = slips.length === 0 ? '' : ` and ${formatRuns(slips)}`;
  return `${runsText(runs.length)}, ${rangeText(extent)}${far}, ${gapsText(ranges)}`;
}

/** Runs that failed for the same reason, told once; the cause of the newest run comes first. */
function causes(stage: StageRecord): Fact[] {
  const groups = new Map<string, ExplainedRun[]>();
  for (const run of explainedRuns(stage).reverse()) {
    const group = groups.get(run.message) ?? [];
    group.push(run);
    groups.set(run.message, group);
  }
  const entries = [...groups.entries()];
  const shown = entries.slice(0, SHOWN_CAUSES).map(([message, runs]) => ({
    level: 'info' as const,
    name: localMinute(runs[0]?.time ?? ''),
    value: `${message} – ${stage.stage} of ${runsOf(runs.map(({ run }) => run).reverse())}`,
  }));
  const hidden = entries.slice(SHOWN_CAUSES);
  const unexplained = unexplainedRuns(stage);
  return [
    ...shown,
    ...(hidden.length === 0
      ? []
      : [{ level: 'info' as const, name: 'Other causes', value: `${hidden.length}; --json tells of all` }]),
    ...(unexplained.length === 0
      ? []
      : [
          {
            level: 'info' as const,
            name: 'Not noted why',
            value: `${stage.stage} of ${runsOf(unexplained)}`,
          },
        ]),
  ];
}

function runsOf(runs: readonly RunNumber[]): string {
  return `${runsText(runs.length)} (${formatRuns(runs)})`;
}
