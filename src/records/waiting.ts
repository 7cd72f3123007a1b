import { ArchiverError } from '../errors.ts';
import type { RunNumber } from '../run-number.ts';
import type { RecordGlance, RunRecordSource } from './run-record-source.ts';
import { eventsIn, lacksStop, lastStart } from './run-times.ts';

const HOUR_MS = 3_600_000;
/** A start further ahead of our clock than this is a slip of the pen. */
const CLOCK_MS = 24 * HOUR_MS;

/** Does the run still lack its stop time, as far as `metadata.txt` tells? Without that file it does. */
export function isUnfinished({ metadata }: Pick<RecordGlance, 'metadata'>): boolean {
  return metadata === undefined || lacksStop(eventsIn(metadata));
}

/** How long ago the run began, in milliseconds: by its start time, else by what was modified last. */
export function ageOf({ metadata, lastChange }: RecordGlance, now: Date): number {
  const start = metadata && lastStart(eventsIn(metadata));
  const time = now.getTime();
  return time - (start === undefined || start - time > CLOCK_MS ? lastChange : start);
}

/**
 * Is the run to be left for later, as it has no stop time and is younger than that? One that can't be looked at is not: whoever
 * reads it says why.
 */
export async function isWaiting(
  run: RunNumber,
  hours: number,
  records: RunRecordSource,
  now: Date,
): Promise<boolean> {
  if (hours === 0) return false;
  try {
    const glance = await records.glance(run);
    return isUnfinished(glance) && Math.abs(ageOf(glance, now)) < hours * HOUR_MS;
  } catch (error) {
    if (error instanceof ArchiverError) return false;
    throw error;
  }
}
