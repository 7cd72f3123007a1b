import { TransportError } from './transport-error.ts';

/** Aborts an exchange that makes no progress: each sign of progress starts the time anew. */
export class Watchdog {
  readonly #timeoutSeconds: number;
  readonly #controller = new AbortController();
  readonly #closed: AbortSignal;
  readonly #onClosed = (): void => this.#abort(this.#closed.reason);
  #timer: NodeJS.Timeout | undefined;
  #isConnected = false;
  #expired: TransportError | undefined;

  /**
   * Begins with the time for connecting.
   * @param closed ends the exchange, with a {@link TransportError} as its reason
   */
  constructor(timeoutSeconds: number, closed: AbortSignal) {
    this.#timeoutSeconds = timeoutSeconds;
    // A signal of its own, as many exchanges listen at a time.
    this.#closed = AbortSignal.any([closed]);
    if (closed.aborted) this.#abort(closed.reason);
    else this.#closed.addEventListener('abort', this.#onClosed);
    this.touch('no connection');
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The error to report, once the exchange was aborted. */
  get expired(): TransportError | undefined {
    return this.#expired;
  }

  /** Notes that there is a connection: from now on nobody knows what the server makes of the request. */
  connected(): void {
    this.#isConnected = true;
    this.touch('no answer');
  }

  /**
   * Notes progress.
   * @param complaint what to say if the next progress doesn't come in time
   * @param allowanceSeconds granted beyond the time-out
   */
  touch(complaint: string, allowanceSeconds = 0): void {
    clearTimeout(this.#timer);
    if (this.signal.aborted) return;
    const seconds = this.#timeoutSeconds + allowanceSeconds;
    this.#timer = setTimeout(() => {
      const failure = this.#isConnected ? 'broken' : 'refused';
      this.#abort(new TransportError(failure, `${complaint} for ${Math.round(seconds * 10) / 10} s`));
    }, seconds * 1000);
  }

  /** Ends the watch for good: a body may still be asked for pieces after its answer came. */
  stop(): void {
    this.#abort(new TransportError('broken', 'the exchange is over'));
  }

  #abort(error: TransportError): void {
    if (this.signal.aborted) return;
    clearTimeout(this.#timer);
    this.#closed.removeEventListener('abort', this.#onClosed);
    this.#expired = error;
    this.#controller.abort(error);
  }
}
