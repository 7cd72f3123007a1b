import { styleText } from 'node:util';
import { visibleLines } from '../shown-text.ts';
import type { LogEntry } from './log-line.ts';
import type { Terminal, TextSink } from './terminal.ts';

/** How a text stands out where there are colours. */
export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan';

/** A terminal on which a person reads a report: plain text in place of log lines. */
export interface Screen {
  /** Columns that the text may take. */
  readonly columns: number;
  /** A text in this style, or as it is where there are no colours. */
  readonly paint: (style: Style, text: string) => string;
  /** Writes a text of whole lines. */
  readonly show: (text: string) => void;
  /** Says what takes its time, until something is shown. */
  readonly wait: (text: string) => void;
}

/** How a terminal shows a report. */
export interface ScreenOptions {
  readonly sink: TextSink;
  /** The same terminal if it can clear a line. */
  readonly terminal: Terminal | undefined;
  /** Of the terminal; undefined if it does not tell. */
  readonly columns: number | undefined;
  readonly hasColours: boolean;
}

/** Longer lines are hard to read, shorter ones can't hold a name and its value. */
const [LEAST_COLUMNS, MOST_COLUMNS] = [40, 100];
const USUAL_COLUMNS = 80;

/** A screen for a report. */
export function openScreen({ sink, terminal, columns, hasColours }: ScreenOptions): Screen {
  return {
    // A terminal without a size tells 0.
    columns: Math.min(Math.max(columns || USUAL_COLUMNS, LEAST_COLUMNS), MOST_COLUMNS),
    paint: (style, text) => (hasColours ? styleText(style, text, { validateStream: false }) : text),
    show: (text) => {
      terminal?.end();
      sink.write(text);
    },
    wait: (text) => terminal?.note(text),
  };
}

/** What a screen shows of the log: warnings and errors that the report does not hold itself, without time and module. */
export function screenLines(
  { level, message, isInReport }: LogEntry,
  redact: (text: string) => string,
  columns: number,
): string | undefined {
  if (isInReport || level === 'DEBUG' || level === 'INFO') return undefined;
  const lines = visibleLines(redact(message)).split('\n');
  return lines.flatMap((line) => [...wrapped(line, columns), '']).join('\n');
}

/**
 * Breaks a text into lines, at blanks, and in longer words behind `/`, `,` or `-`, or where the room ends.
 * @param columns of each line
 */
export function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  const pieces = text.split(/(?<= )/).flatMap((word) => {
    const fits = [...word.trimEnd()].length <= columns;
    return fits ? [word] : word.split(/(?<=[/,-])/).flatMap((part) => chunks(part, columns));
  });
  for (const piece of pieces) {
    if (line !== '' && [...`${line}${piece}`.trimEnd()].length > columns) {
      lines.push(line.trimEnd());
      line = '';
    }
    line += piece;
  }
  return [...lines, line.trimEnd()];
}

function chunks(text: string, length: number): string[] {
  const characters = [...text];
  const count = Math.ceil(characters.length / length);
  return Array.from({ length: count }, (_, index) =>
    characters.slice(index * length, (index + 1) * length).join(''),
  );
}
