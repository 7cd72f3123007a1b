import type { ArchiverError } from '../../errors.ts';
import type { UconDbAddress } from './address.ts';
import { type Asked, answerError, isBusy, type TextAnswer, textAnswer, unansweredError } from './answers.ts';
import { Backoff, type WaitingTools } from './backoff.ts';
import type { Transport, TransportAnswer, TransportRequest } from './transport.ts';
import { TransportError } from './transport-error.ts';

/** A server that takes no connection is given this long to come back within one call. */
export const DOWN_PATIENCE_SECONDS = 2;

/** What to make of an answer. `error` ends the call; `turnedAway`: nothing was done, asking again may help. */
export type Verdict<T> =
  | { readonly value: T }
  | { readonly error: ArchiverError; readonly turnedAway: boolean };

/** Requests to UconDB: repeats those that were turned away, and words the errors. */
export class Conversation {
  readonly tools: WaitingTools;
  readonly timeoutSeconds: number;
  readonly #transport: Transport;
  readonly #address: UconDbAddress;

  constructor(transport: Transport, address: UconDbAddress, tools: WaitingTools, timeoutSeconds: number) {
    this.tools = tools;
    this.timeoutSeconds = timeoutSeconds;
    this.#transport = transport;
    this.#address = address;
  }

  /**
   * Sends a request once and reads the answer as text, whatever its status.
   * @throws TransportError
   */
  send(request: TransportRequest): Promise<TextAnswer> {
    return this.#transport.exchange(request, textAnswer);
  }

  /** The error for an answer that is of no use, or for none. */
  errorOf(request: TransportRequest, answer: TextAnswer | TransportError): ArchiverError {
    const asked = this.#asked(request);
    return answer instanceof TransportError ? unansweredError(asked, answer) : answerError(asked, answer);
  }

  /**
   * GETs a target.
   * @param found reads an answer of status 200; `what` names the request, for messages
   * @param otherwise makes something of another answer; undefined if it is an error
   * @throws ArchiverError
   */
  get<T>(
    target: string,
    found: (answer: TransportAnswer, what: string) => Promise<T>,
    otherwise: (answer: TextAnswer) => T | undefined = () => undefined,
  ): Promise<T> {
    const request = { method: 'GET', target } as const;
    return this.insist(request, () =>
      this.#transport.exchange(request, async (answer): Promise<Verdict<T>> => {
        if (answer.status === 200)
          return { value: await found(answer, `UconDB: GET ${this.#asked(request).url}`) };
        return this.judge(request, await textAnswer(answer), otherwise);
      }),
    );
  }

  /** The verdict on an answer that is an error unless `take` makes something of it. */
  judge<T>(
    request: TransportRequest,
    answer: TextAnswer,
    take: (answer: TextAnswer) => T | undefined,
  ): Verdict<T> {
    const value = take(answer);
    if (value !== undefined) return { value };
    return { error: this.errorOf(request, answer), turnedAway: isBusy(answer) };
  }

  /** Tries until there is a value, or an error that asking again won't change. */
  async insist<T>(request: TransportRequest, attempt: () => Promise<Verdict<T>>): Promise<T> {
    const backoff = new Backoff(this.tools);
    for (;;) {
      const { verdict, patienceSeconds } = await this.#attempt(request, attempt);
      if ('value' in verdict) return verdict.value;
      if (!verdict.turnedAway || !(await backoff.wait(patienceSeconds))) throw verdict.error;
    }
  }

  async #attempt<T>(
    request: TransportRequest,
    attempt: () => Promise<Verdict<T>>,
  ): Promise<{ verdict: Verdict<T>; patienceSeconds: number }> {
    try {
      return { verdict: await attempt(), patienceSeconds: this.timeoutSeconds };
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      const verdict = {
        error: this.errorOf(request, error),
        turnedAway: error.failure === 'refused',
      };
      return { verdict, patienceSeconds: Math.min(DOWN_PATIENCE_SECONDS, this.timeoutSeconds) };
    }
  }

  #asked(request: TransportRequest): Asked {
    return {
      method: request.method,
      url: this.#address.origin + request.target,
      folder: this.#address.folder,
    };
  }
}
