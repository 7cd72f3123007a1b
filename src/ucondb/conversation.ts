import type { ArchiverError } from '../errors.ts';
import type { Logger } from '../log/logger.ts';
import { Backoff, type WaitingTools } from '../net/backoff.ts';
import type { UconDbAddress } from './address.ts';
import {
  type Asked,
  answerError,
  describeRequest,
  isBusy,
  readTextAnswer,
  type TextAnswer,
  unansweredError,
} from './answers.ts';
import type { Transport, TransportAnswer, TransportRequest } from './transport.ts';
import { TransportError } from './transport-error.ts';

/** Within one call, requests to a server that fails or takes no connection are repeated for this long. */
const DOWN_PATIENCE_SECONDS = 2;

/** What to make of an answer: a value, or an error and for how long after the first attempt the request is worth repeating. */
export type Judgement<T> =
  | { readonly value: T }
  | { readonly error: ArchiverError; readonly patienceSeconds: number };

/** How a {@link Conversation} waits, and whom it tells. */
export interface ConversationOptions {
  readonly tools: WaitingTools;
  readonly timeoutSeconds: number;
  readonly logger: Logger;
  /** Once aborted, no further attempt is made, and requests under way must finish soon. */
  readonly stop?: AbortSignal | undefined;
}

/** Requests to UconDB: repeats those that may be repeated, and words the errors. */
export class Conversation {
  readonly timeoutSeconds: number;
  readonly logger: Logger;
  readonly #options: ConversationOptions;
  readonly #transport: Transport;
  readonly #address: UconDbAddress;

  constructor(transport: Transport, address: UconDbAddress, options: ConversationOptions) {
    this.timeoutSeconds = options.timeoutSeconds;
    this.logger = options.logger;
    this.#options = options;
    this.#transport = transport;
    this.#address = address;
  }

  /** The same conversation, which ends when `stop` is aborted. */
  until(stop: AbortSignal | undefined): Conversation {
    if (stop === undefined) return this;
    // A signal of its own, as many calls listen at a time.
    return new Conversation(this.#transport, this.#address, {
      ...this.#options,
      stop: AbortSignal.any([stop]),
    });
  }

  /** For the waits between attempts. */
  backoff(): Backoff {
    return new Backoff(this.#options.tools, this.#options.stop);
  }

  /**
   * Sends a request once and reads the answer as text, whatever its status.
   * @throws TransportError
   */
  send(request: TransportRequest): Promise<TextAnswer> {
    return this.#transport.exchange(request, readTextAnswer, this.#options.stop);
  }

  /** The error for an answer that is of no use, or for a missing one. */
  errorOf(request: TransportRequest, answer: TextAnswer | TransportError): ArchiverError {
    const asked = this.#asked(request);
    return answer instanceof TransportError ? unansweredError(asked, answer) : answerError(asked, answer);
  }

  /**
   * Sends a GET, several times if need be.
   * @param found reads an answer with status 200; `what` names the request, for messages
   * @param otherwise makes a value of another answer; undefined if it is an error
   * @throws ArchiverError
   */
  get<T>(
    asked: Pick<TransportRequest, 'target' | 'isListing'>,
    found: (answer: TransportAnswer, what: string) => Promise<T>,
    otherwise: (answer: TextAnswer) => T | undefined = () => undefined,
  ): Promise<T> {
    const request = { method: 'GET', ...asked } as const;
    const receive = async (answer: TransportAnswer): Promise<Judgement<T>> => {
      if (answer.status === 200) return { value: await found(answer, describeRequest(this.#asked(request))) };
      return this.judge(request, await readTextAnswer(answer), otherwise);
    };
    return this.insist(request, () => this.#transport.exchange(request, receive, this.#options.stop));
  }

  /** The judgement on an answer: an error, unless `take` makes a value of it. */
  judge<T>(
    request: TransportRequest,
    answer: TextAnswer,
    take: (answer: TextAnswer) => T | undefined,
  ): Judgement<T> {
    const value = take(answer);
    if (value !== undefined) return { value };
    const error = this.errorOf(request, answer);
    return { error, patienceSeconds: error.retryable ? this.patienceSeconds(answer) : 0 };
  }

  /** For how long a request with this answer is worth repeating. */
  patienceSeconds(answer: TextAnswer | TransportError): number {
    const isTurnedAway = !(answer instanceof TransportError) && isBusy(answer);
    return isTurnedAway ? this.timeoutSeconds : Math.min(DOWN_PATIENCE_SECONDS, this.timeoutSeconds);
  }

  /** Repeats a request that changes nothing until there is a value, or an error that repeating it won't change. */
  async insist<T>(request: TransportRequest, attempt: () => Promise<Judgement<T>>): Promise<T> {
    const backoff = this.backoff();
    for (;;) {
      const judgement = await this.#attempt(request, attempt);
      if ('value' in judgement) return judgement.value;
      if (!(await backoff.wait(judgement.patienceSeconds))) throw judgement.error;
    }
  }

  async #attempt<T>(request: TransportRequest, attempt: () => Promise<Judgement<T>>): Promise<Judgement<T>> {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      const wording = this.errorOf(request, error);
      return { error: wording, patienceSeconds: wording.retryable ? this.patienceSeconds(error) : 0 };
    }
  }

  #asked(request: TransportRequest): Asked {
    return {
      method: request.method,
      url: this.#address.origin + request.target,
      folder: this.#address.folder,
      bytes: request.body?.length ?? 0,
      proxy: this.#transport.proxy,
    };
  }
}
