import { setTimeout as delay } from 'node:timers/promises';

/** Waits so many milliseconds, or returns early when the signal aborts. */
export async function pause(milliseconds: number, stop: AbortSignal | undefined): Promise<void> {
  try {
    await delay(milliseconds, undefined, stop === undefined ? {} : { signal: stop });
  } catch (error) {
    if (stop?.aborted !== true) throw error;
  }
}
