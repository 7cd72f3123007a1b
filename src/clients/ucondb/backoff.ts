/** Time, sleep and randomness for waiting. */
export interface WaitingTools {
  /** Milliseconds. */
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly random: (size: number) => Buffer;
}

const FIRST_MS = 200;
const LONGEST_MS = 5000;

/** Waits between attempts: twice as long each time, less a random part, until the patience is at an end. */
export class Backoff {
  readonly #tools: WaitingTools;
  readonly #started: number;
  #next = FIRST_MS;

  constructor(tools: WaitingTools) {
    this.#tools = tools;
    this.#started = tools.now();
  }

  /**
   * Waits before the next attempt.
   * @param patienceSeconds counted from when this was made
   * @returns false, without waiting, if the wait would end after that
   */
  async wait(patienceSeconds: number): Promise<boolean> {
    const share = (this.#tools.random(1)[0] ?? 0) / 255;
    const milliseconds = this.#next * (0.5 + share / 2);
    if (this.#tools.now() - this.#started + milliseconds > patienceSeconds * 1000) return false;
    this.#next = Math.min(this.#next * 2, LONGEST_MS);
    await this.#tools.sleep(milliseconds);
    return true;
  }
}
