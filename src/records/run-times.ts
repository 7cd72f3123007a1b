import { parseFhicl } from '../fhicl/parse.ts';
import { readSource } from './converters/source-text.ts';
import type { RecordGlance } from './run-record-source.ts';

/** A start or a stop of a run. */
export interface RunEvent {
  readonly event: 'start' | 'stop';
  /** As DAQInterface wrote it. */
  readonly time: string;
}

/** `DAQInterface start time: …`, or `Start time: …` as until March 2019. */
const LINE = /^[\s\x85]*(?:DAQInterface (start|stop)|(Start|Stop)) time[\s\x85]*:(.*)$/s;
const KEY = /^DAQInterface_(start|stop)_time$/;

/** The starts and stops with a time in `metadata.txt`, in the order of the file. */
export function eventsIn(metadata: Buffer): RunEvent[] {
  return readSource(metadata).lines.flatMap(({ text }) => {
    const [, current, former, rest = ''] = LINE.exec(text) ?? [];
    return eventOf(current ?? former, rest);
  });
}

/**
 * The starts and stops in a RunHistory2 document; undefined if it holds anything but times.
 * @throws FhiclError if it is not FHiCL
 */
export function eventsInHistory(fhicl: string): RunEvent[] | undefined {
  const { prolog, main } = parseFhicl(fhicl, 'RunHistory2.fcl');
  const events: RunEvent[] = [];
  for (const { key, value } of [...prolog, ...main]) {
    const event = KEY.exec(key)?.[1];
    if (event === undefined || value.type === 'table' || value.type === 'sequence') return undefined;
    events.push(...eventOf(event, value.text));
  }
  return events;
}

/**
 * Is the run still going, or did it end without a stop? A number that was started again has two pairs: only the last
 * start counts.
 */
export function lacksStop(events: readonly RunEvent[]): boolean {
  const stops = events.filter(({ event }) => event === 'stop').length;
  if (stops === 0) return true;
  return events.at(-1)?.event === 'start' && 2 * stops < events.length;
}

/** When the run was started last, in milliseconds since 1970; undefined if that can't be read. */
export function lastStart(events: readonly RunEvent[]): number | undefined {
  const start = events.findLast(({ event }) => event === 'start');
  return start && daqTime(start.time);
}

/**
 * May a newer RunHistory2 document replace a stored one? Only if the stored one has no stop time yet and nothing of it
 * is lost: it holds nothing but a start, or the newer one begins with all that it holds.
 * @throws FhiclError if one of the two is not FHiCL
 */
export function completes(stored: string, newer: string): boolean {
  const [before, after] = [eventsInHistory(stored), eventsInHistory(newer)];
  if (before === undefined || after === undefined || !lacksStop(before)) return false;
  if (before.every(({ event }) => event === 'start') && before.length < 2) return true;
  return before.every(
    ({ event, time }, place) => after[place]?.event === event && after[place]?.time === time,
  );
}

function eventOf(event: string | undefined, rest: string): RunEvent[] {
  const time = rest.trim();
  if (time === '') return [];
  if (event?.toLowerCase() === 'start') return [{ event: 'start', time }];
  return event?.toLowerCase() === 'stop' ? [{ event: 'stop', time }] : [];
}

/** `Thu Oct 24 15:30:00 UTC 2024` or `Thu Oct 24 03:30:00 PM UTC 2024`. */
const MONTH_FIRST =
  /^[a-z]{3},? +(?<month>[a-z]{3}) +(?<day>\d{1,2}) +(?<hour>\d{1,2}):(?<minute>\d\d):(?<second>\d\d)(?: +(?<half>[ap]m))? +(?:utc|gmt) +(?<year>\d{4})$/i;
/** `Thu 24 Oct 2024 03:30:00 PM UTC`. */
const DAY_FIRST =
  /^[a-z]{3},? +(?<day>\d{1,2}) +(?<month>[a-z]{3}) +(?<year>\d{4}) +(?<hour>\d{1,2}):(?<minute>\d\d):(?<second>\d\d)(?: +(?<half>[ap]m))? +(?:utc|gmt)$/i;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/**
 * Reads a time as DAQInterface writes it: the output of `date --utc` in the locale of the DAQ account, maybe in quotes.
 * @returns milliseconds since 1970; undefined for anything else
 */
export function daqTime(text: string): number | undefined {
  const plain = text
    .trim()
    .replace(/^"(.*)"$/, '$1')
    .trim();
  const parts = (MONTH_FIRST.exec(plain) ?? DAY_FIRST.exec(plain))?.groups;
  const month = MONTHS.indexOf(parts?.month?.toLowerCase() ?? '');
  if (parts === undefined || month < 0) return undefined;
  const [year, day, hour, minute, second] = ['year', 'day', 'hour', 'minute', 'second'].map((name) =>
    Number(parts[name]),
  );
  if (year === undefined || day === undefined || hour === undefined) return undefined;
  const half = parts.half?.toLowerCase();
  const hours = half === undefined ? hour : (hour % 12) + (half === 'pm' ? 12 : 0);
  return Date.UTC(year, month, day, hours, minute, second);
}

/** What a run lacks when it is stored, and may still get. */
export interface MissingTimes {
  /** Its stop time. */
  readonly stop: boolean;
  /** Even its start time, so that it has no RunHistory2. */
  readonly all: boolean;
}

const HOUR_MS = 3_600_000;
/** A start further ahead of our clock than this is a mistake. */
const CLOCK_MS = 24 * HOUR_MS;

/** Does the run still lack its stop time, as far as `metadata.txt` tells? Without that file it counts as unfinished. */
export function isUnfinished({ metadata }: Pick<RecordGlance, 'metadata'>): boolean {
  return metadata === undefined || lacksStop(eventsIn(metadata));
}

/**
 * Must the run wait, because it has no stop time and is younger than so many hours? A wrong clock must not let a run be
 * archived that is still going, so two clocks have to agree on its age: ours, and the newest change of any record.
 * @param clock ours, in milliseconds since 1970
 * @param newestChange of other records, in milliseconds since 1970; undefined if there is none
 */
export function waitsForStopTime(
  glance: RecordGlance,
  hours: number,
  clock: number,
  newestChange = -Infinity,
): boolean {
  if (!isUnfinished(glance)) return false;
  const time = Math.min(clock, Math.max(newestChange, glance.changed));
  return time - beginOf(glance, clock) < hours * HOUR_MS;
}

/** The start time; without a plausible one the last modification or, without that, the last change. */
function beginOf({ metadata, modified, changed }: RecordGlance, clock: number): number {
  const start = metadata && lastStart(eventsIn(metadata));
  return [start, modified].find((time) => time !== undefined && time - clock <= CLOCK_MS) ?? changed;
}
