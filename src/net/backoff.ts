import { setTimeout as delay } from 'node:timers/promises';

/** Waits so many milliseconds, or returns early when the signal aborts. */
export async function pause(milliseconds: number, stop: AbortSignal | undefined): Promise<void> {
  try {
    await delay(milliseconds, undefined, stop === undefined ? {} : { signal: stop });
  } catch (error) {
    if (stop?.aborted !== true) throw error;
  }
}

/** Time, sleep and randomness for waiting. */
export interface WaitingTools {
  /** Milliseconds, of a clock that only goes forward. */
  readonly now: () => number;
  /** Waits, or returns early when the signal aborts. */
  readonly sleep: (milliseconds: number, stop: AbortSignal | undefined) => Promise<void>;
  readonly random: (size: number) => Buffer;
}

const FIRST_MS = 200;
const LONGEST_MS = 5000;

/** Waits between attempts, twice as long each time, less a random part, until the patience ends. */
export class Backoff {
  readonly #tools: WaitingTools;
  readonly #stop: AbortSignal | undefined;
  readonly #started: number;
  #next = FIRST_MS;

  /** @param stop ends the patience */
  constructor(tools: WaitingTools, stop: AbortSignal | undefined) {
    this.#tools = tools;
    this.#stop = stop;
    this.#started = tools.now();
  }

  /**
   * Waits before the next attempt.
   * @param patienceSeconds counted from when this was made
   * @returns false if no further attempt may follow: the patience would end first, or a stop was requested
   */
  async wait(patienceSeconds: number): Promise<boolean> {
    const share = (this.#tools.random(1)[0] ?? 0) / 255;
    const milliseconds = this.#next * (0.5 + share / 2);
    if (this.#tools.now() - this.#started + milliseconds > patienceSeconds * 1000) return false;
    this.#next = Math.min(this.#next * 2, LONGEST_MS);
    await this.#tools.sleep(milliseconds, this.#stop);
    return this.#stop?.aborted !== true;
  }
}
