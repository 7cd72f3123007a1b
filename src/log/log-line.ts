import type { ErrorFault } from '../errors.ts';
import { formatJsonLine, visibleLines } from '../shown-text.ts';

/** Levels as the log shows them, the least important first. */
export type LogLevel = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR' | 'CRITICAL';

/** How lines are written: for people, or as one JSON object each. */
export type LogFormat = 'text' | 'json';

/** Something logged, before it becomes a line. */
export interface LogEntry {
  readonly time: Date;
  readonly module: string;
  readonly level: LogLevel;
  readonly message: string;
  /** The stage and the run that the message belongs to. */
  readonly stage?: string | undefined;
  readonly run?: number | undefined;
  /** The kind of the error that the message tells of (`UconDBError`), and whose fault it is, if that is known. */
  readonly errorKind?: string | undefined;
  readonly fault?: ErrorFault | undefined;
  /** A report says the same where a person reads it. */
  readonly isInReport?: boolean | undefined;
}

/** Makes a line of an entry; `redact` removes passwords and the like. */
export type EntryFormat = (entry: LogEntry, redact: (text: string) => string) => string;

/** The formats of lines. */
export const entryFormats: Readonly<Record<LogFormat, EntryFormat>> = {
  text: formatEntry,
  json: formatJsonEntry,
};

/** Shorter secrets would hide ordinary words. */
const SHORTEST_SECRET = 4;
const CONTINUATION = '\n    ';

/**
 * One entry as `YYYY-MM-DD HH:MM:SS,mmm - <module> - <LEVEL> - <message>` and a newline, in local time, as Python's logging
 * writes it. Further lines of a message are indented, so that none looks like an entry of its own, and go through
 * {@link visibleLines}. If the message does not name its run, the run is added to the first line.
 */
function formatEntry(entry: LogEntry, redact: (text: string) => string): string {
  const lines = visibleLines(withRun(redact(entry.message), entry.run));
  return `${formatTime(entry.time)} - ${entry.module} - ${entry.level} - ${lines.replaceAll('\n', CONTINUATION)}\n`;
}

/**
 * One entry as a line with a JSON object: `time` (ISO 8601, UTC), `level`, `module`, `message`, and as far as they are known
 * `stage`, `run`, `error_kind` and `fault` (documentation/FILE_FORMATS.md, "Log").
 */
function formatJsonEntry(entry: LogEntry, redact: (text: string) => string): string {
  const { time, level, module, stage, run, message, errorKind, fault } = entry;
  return formatJsonLine({
    time: time.toISOString(),
    level,
    module,
    stage,
    run,
    message: redact(message),
    error_kind: errorKind,
    fault,
  });
}

/** Local time as `YYYY-MM-DD HH:MM:SS,mmm`. */
export function formatTime(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  return `${date} ${clock},${String(time.getMilliseconds()).padStart(3, '0')}`;
}

/** The time with which a line of either format begins, or undefined if it begins with something else. */
export function parseLineTime(line: string): Date | undefined {
  const [, time] = /^\{"time":"([-\dT:.]+Z)"/.exec(line) ?? [];
  if (time !== undefined) return new Date(time);
  const parts = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d),\d{3} - /.exec(line)?.slice(1).map(Number);
  if (parts === undefined) return undefined;
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0] = parts;
  return new Date(year, month - 1, day, hours, minutes, seconds);
}

/** A function that replaces secrets by `***`, also where an address or JSON holds them escaped. */
export function makeRedactor(secrets: readonly string[]): (text: string) => string {
  const forms = secrets
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .flatMap((secret) => [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]);
  const longestFirst = [...new Set(forms)].sort((a, b) => b.length - a.length);
  return (text) => longestFirst.reduce((redacted, form) => redacted.replaceAll(form, '***'), text);
}

function withRun(message: string, run: number | undefined): string {
  if (run === undefined || new RegExp(`(?<![0-9])${run}(?![0-9])`).test(message)) return message;
  const end = message.indexOf('\n');
  return end < 0 ? `${message} [run ${run}]` : `${message.slice(0, end)} [run ${run}]${message.slice(end)}`;
}
