import { TransportError } from './transport-error.ts';

/** The average that an answer must reach in each window of so many time-outs after its first byte. */
const LEAST_BYTES_PER_SECOND = 1000;
const WINDOW_TIMEOUTS = 3;

/** How long to wait for an exchange. */
export interface Patience {
  /** Limit for connecting, and for each silence. */
  readonly timeoutSeconds: number;
  /** Limit for the silence before the first byte of the answer. */
  readonly firstByteSeconds: number;
  /** Ends the exchange at once; its reason is a {@link TransportError}. */
  readonly closed: AbortSignal;
  /** Asks for an end of the exchange, which may continue for `graceSeconds`. */
  readonly stop: AbortSignal | undefined;
  readonly graceSeconds: number;
}

/**
 * Aborts an exchange that makes no progress: each sign of progress starts the time anew. An answer that only drips has a limit
 * of its own, and so has the whole exchange once a stop is asked for.
 */
export class Watchdog {
  readonly #patience: Patience;
  readonly #controller = new AbortController();
  readonly #closed: AbortSignal;
  readonly #stop: AbortSignal;
  readonly #onClosed = (): void => this.#abort(this.#closed.reason);
  readonly #onStop = (): void => this.#limitRest();
  #silence: NodeJS.Timeout | undefined;
  #rest: NodeJS.Timeout | undefined;
  #window: NodeJS.Timeout | undefined;
  #windowBytes = 0;
  #isConnected = false;
  #expired: TransportError | undefined;

  /** Begins with the time for connecting. */
  constructor(patience: Patience) {
    this.#patience = patience;
    // Signals of its own, as many exchanges listen at a time.
    this.#closed = AbortSignal.any([patience.closed]);
    this.#stop = AbortSignal.any(patience.stop === undefined ? [] : [patience.stop]);
    this.#closed.addEventListener('abort', this.#onClosed);
    this.#stop.addEventListener('abort', this.#onStop);
    this.#touch('no connection', patience.timeoutSeconds);
    if (this.#stop.aborted) this.#limitRest();
    if (this.#closed.aborted) this.#abort(this.#closed.reason);
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
    this.#touch('no answer', this.#patience.firstByteSeconds);
  }

  /** Notes that the connection asks for another piece of the request. */
  sending(): void {
    this.#touch('nothing of the body could be sent', this.#patience.timeoutSeconds);
  }

  /** Notes that all of the request was sent. @param allowanceSeconds time that the server may need to store it */
  sent(allowanceSeconds: number): void {
    this.#touch('no answer to the whole request', this.#patience.firstByteSeconds + allowanceSeconds);
  }

  /** Notes that the head of the answer came. */
  answered(): void {
    this.#touch('nothing more of the answer came', this.#patience.firstByteSeconds);
  }

  /** Notes that more of the answer's body came. */
  received(bytes: number): void {
    this.#touch('nothing more of the answer came', this.#patience.timeoutSeconds);
    this.#windowBytes += bytes;
    if (this.signal.aborted) return;
    const seconds = this.#patience.timeoutSeconds * WINDOW_TIMEOUTS;
    this.#window ??= setInterval(() => this.#judgeWindow(seconds), seconds * 1000);
  }

  /** Ends the watch for good: the connection may ask a body for pieces even after the answer came. */
  end(): void {
    this.#abort(new TransportError('broken', 'the exchange is over'));
  }

  #touch(complaint: string, seconds: number): void {
    clearTimeout(this.#silence);
    if (this.signal.aborted) return;
    this.#silence = setTimeout(() => {
      const failure = this.#isConnected ? 'broken' : 'refused';
      this.#abort(new TransportError(failure, `${complaint} for ${rounded(seconds)} s`));
    }, seconds * 1000);
  }

  #limitRest(): void {
    this.#rest ??= setTimeout(
      () => this.#abort(new TransportError('stopped', 'given up because the archiver is to stop')),
      this.#patience.graceSeconds * 1000,
    );
  }

  #judgeWindow(seconds: number): void {
    if (this.#windowBytes < seconds * LEAST_BYTES_PER_SECOND) {
      this.#abort(
        new TransportError(
          'broken',
          `the answer came too slowly: ${this.#windowBytes} bytes in ${rounded(seconds)} s`,
        ),
      );
    }
    this.#windowBytes = 0;
  }

  #abort(error: TransportError): void {
    if (this.signal.aborted) return;
    for (const timer of [this.#silence, this.#rest, this.#window]) clearTimeout(timer);
    this.#closed.removeEventListener('abort', this.#onClosed);
    this.#stop.removeEventListener('abort', this.#onStop);
    this.#expired = error;
    this.#controller.abort(error);
  }
}

function rounded(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
