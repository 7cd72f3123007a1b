import type { RecordGlance } from './run-record-source.ts';
import { eventsIn, lacksStop, lastStart } from './run-times.ts';

const HOUR_MS = 3_600_000;
/** A start further ahead of our clock than this is a slip of the pen. */
const CLOCK_MS = 24 * HOUR_MS;

/** Does the run still lack its stop time, as far as `metadata.txt` tells? Without that file it does. */
export function isUnfinished({ metadata }: Pick<RecordGlance, 'metadata'>): boolean {
  return metadata === undefined || lacksStop(eventsIn(metadata));
}

/**
 * Is the run to be left for later, as it has no stop time and is younger than so many hours? A wrong clock must not have a run that
 * is still going archived for good, so it has to be older by two clocks: by ours, and by the newest change of any record.
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

/** By its start time, else by what was modified or, if that can't be, changed last. */
function beginOf({ metadata, modified, changed }: RecordGlance, clock: number): number {
  const start = metadata && lastStart(eventsIn(metadata));
  return [start, modified].find((time) => time !== undefined && time - clock <= CLOCK_MS) ?? changed;
}
