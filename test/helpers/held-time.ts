import { setImmediate as nextTurn } from 'node:timers/promises';
import { onTestFinished, vi } from 'vitest';

/** Turns of the event loop that bytes need to get from one end of a local connection to the other, and be noticed. */
const TURNS = 4;

/**
 * For limits of time that must hold on a loaded machine: timers and the monotonic clock of this process stand still until
 * {@link passTime} moves them, while sockets continue. They run again after the test.
 */
export function holdTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
}

/** Lets what is on its way arrive, then so many milliseconds pass. */
export async function passTime(milliseconds: number): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await nextTurn();
  await vi.advanceTimersByTimeAsync(milliseconds);
}
