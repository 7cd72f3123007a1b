import { setTimeout as wait } from 'node:timers/promises';

/** How long a run directory must have been left alone before it counts as whole, in milliseconds. */
export interface Settling {
  /** Nothing may have been modified for that long. */
  readonly quiet: number;
  /** After that long of waiting for it the run is given up for now. */
  readonly patience: number;
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<unknown>;
}

/** Whoever copies a record pauses between files, but hardly for that long. */
export const SETTLING: Settling = { quiet: 1000, patience: 10_000, now: Date.now, sleep: wait };

/** What was found, and when it was modified last, in milliseconds since 1970. */
export interface Look<Found> {
  readonly found: Found;
  readonly lastChange: number;
}

/**
 * Waits until nothing has been modified for a while. A time of modification in the future is one of a server whose clock
 * is ahead: then it has to stay the same for as long as we look.
 * @returns what was found last; undefined if it goes on being modified
 */
export async function settled<Found>(
  look: () => Promise<Look<Found>>,
  { quiet, patience, now, sleep }: Settling,
): Promise<Found | undefined> {
  const start = now();
  let latest: number | undefined;
  let seen = start;
  for (;;) {
    const { found, lastChange } = await look();
    if (lastChange !== latest) seen = now();
    latest = lastChange;
    const quietFor = Math.max(now() - lastChange, now() - seen);
    if (quietFor >= quiet) return found;
    if (now() - start >= patience) return undefined;
    await sleep(quiet - quietFor);
  }
}
