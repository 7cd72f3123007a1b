import { TransportError } from './transport-error.ts';

/** Aborts an exchange that makes no progress: each sign of progress starts the time anew. */
export class Watchdog {
  readonly #timeoutSeconds: number;
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #expired: TransportError | undefined;

  constructor(timeoutSeconds: number) {
    this.#timeoutSeconds = timeoutSeconds;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The error to report, once the time ran out. */
  get expired(): TransportError | undefined {
    return this.#expired;
  }

  /**
   * Notes progress.
   * @param complaint what to say if the next progress doesn't come in time
   * @param allowanceSeconds granted beyond the time-out
   */
  touch(complaint: string, allowanceSeconds = 0): void {
    clearTimeout(this.#timer);
    if (this.#stopped || this.#expired !== undefined) return;
    const seconds = this.#timeoutSeconds + allowanceSeconds;
    this.#timer = setTimeout(() => {
      this.#expired = new TransportError('broken', `${complaint} for ${Math.round(seconds * 10) / 10} s`);
      this.#controller.abort(this.#expired);
    }, seconds * 1000);
  }

  /** Ends the watch for good: a body may still be asked for pieces after its answer came. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }
}
