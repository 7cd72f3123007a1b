import { type ArchiverError, UconDbError } from '../errors.ts';
import type { RunNumber } from '../runs/run-number.ts';
import type { UconDbAddress } from './address.ts';
import { adler32 } from './adler32.ts';
import {
  isBusy,
  parseMetadata,
  saysKeyIsTaken,
  saysNotFound,
  type TextAnswer,
  type VersionMetadata,
} from './answers.ts';
import type { Authenticator } from './authenticator.ts';
import type { Conversation } from './conversation.ts';
import type { TransportRequest } from './transport.ts';
import { TransportError } from './transport-error.ts';
import type { PutOutcome } from './ucondb.ts';

/** What one attempt to store led to, as far as its answer tells. */
type Attempt =
  | { readonly result: 'stored' }
  /**
   * It stored nothing; `isSure` if the server itself says so and not something before it. `patienceSeconds`: how long to keep
   * trying.
   */
  | {
      readonly result: 'turned-away';
      readonly error: ArchiverError;
      readonly isSure: boolean;
      readonly patienceSeconds: number;
    }
  /** The key is taken, if the text of the page is right. */
  | { readonly result: 'exists'; readonly error: ArchiverError }
  /** The blob was stored, or was not, or still will be. */
  | { readonly result: 'unknown'; readonly error: ArchiverError };

/** What the server says it has under a key. */
type Held = VersionMetadata | 'nothing' | 'no-answer';

/** For so many time-outs the client asks how an upload ended: a slow put may still be committed. */
const UNKNOWN_PATIENCE_TIMEOUTS = 3;

/** A blob, and the request target that it is sent to. */
export interface UploadedBlob {
  readonly run: RunNumber;
  readonly blob: Buffer;
  readonly target: string;
}

/** Stores one blob under one key, at most once, whatever happens on the way. */
export class Upload {
  readonly #conversation: Conversation;
  readonly #address: UconDbAddress;
  readonly #authenticator: Authenticator;
  readonly #run: RunNumber;
  readonly #blob: Buffer;
  readonly #sum: number;
  readonly #target: string;

  constructor(
    conversation: Conversation,
    address: UconDbAddress,
    authenticator: Authenticator,
    { run, blob, target }: UploadedBlob,
  ) {
    this.#conversation = conversation;
    this.#address = address;
    this.#authenticator = authenticator;
    this.#run = run;
    this.#blob = blob;
    this.#sum = adler32(blob);
    this.#target = target;
  }

  /**
   * Uploads until a version is known to have the key. The key is the guard: no attempt overrides, so repeating one is safe, and
   * if an earlier attempt still gets through, the server refuses one of the two.
   * @throws ConfigurationError, UconDbError
   */
  async store(): Promise<PutOutcome> {
    const backoff = this.#conversation.backoff();
    let mayBeOurs = false;
    let attempt = await this.#attempt();
    for (;;) {
      if (attempt.result === 'stored') return 'stored';
      mayBeOurs ||= attempt.result === 'unknown';
      const held = attempt.result === 'turned-away' ? 'nothing' : await this.#held();
      if (typeof held === 'object') return mayBeOurs && this.#isOurs(held) ? 'stored' : 'already-stored';
      if (!(await backoff.wait(this.#patience(attempt)))) throw this.#givingUp(attempt, held, mayBeOurs);
      if (held === 'no-answer') continue;
      const logger = this.#conversation.logger.child({ run: this.#run, error: attempt.error });
      logger.warning(`${attempt.error.message}; uploading run ${this.#run} again`);
      attempt = await this.#attempt();
    }
  }

  /**
   * Uploads so that the server acts on at most one request: for uploads that override, where the key guards nothing. A request
   * that the server surely turned away is sent again; after any other failure the client only asks whether the blob has arrived.
   * @throws ConfigurationError, UconDbError
   */
  async storeAtMostOnce(): Promise<void> {
    const backoff = this.#conversation.backoff();
    let attempt = await this.#attempt();
    while (attempt.result !== 'stored') {
      const isHarmless = attempt.result === 'turned-away' && attempt.isSure;
      const held = isHarmless ? 'nothing' : await this.#held();
      if (typeof held === 'object' && this.#isOurs(held)) return;
      if (!(await backoff.wait(this.#patience(attempt)))) throw this.#notReplaced(attempt.error);
      if (isHarmless) attempt = await this.#attempt();
    }
  }

  #notReplaced(cause: ArchiverError): ArchiverError {
    return new UconDbError(
      `${cause.message}; the blob of run ${this.#run} could not be replaced, as far as the server says: a later execution ` +
        'finds out',
      { cause, run: this.#run },
    );
  }

  #patience(attempt: Exclude<Attempt, { result: 'stored' }>): number {
    if (attempt.result === 'turned-away') return attempt.patienceSeconds;
    return this.#conversation.timeoutSeconds * UNKNOWN_PATIENCE_TIMEOUTS;
  }

  #givingUp(attempt: Exclude<Attempt, { result: 'stored' }>, held: Held, mayBeOurs: boolean): ArchiverError {
    const { error: cause } = attempt;
    if (attempt.result === 'turned-away') {
      if (!mayBeOurs) return cause;
      // What became of the attempt before is not certainly the site's fault: its blob may have broken the server.
      return new UconDbError(
        `${cause.message}; an earlier attempt may have stored the blob of run ${this.#run}: a later execution finds out`,
        { cause, retryable: true, run: this.#run, fault: 'unknown' },
      );
    }
    const state = held === 'no-answer' ? 'could not be asked if it has a' : 'says it has no';
    return new UconDbError(
      `${cause.message}; the server ${state} version with key ${this.#run}, so it is not known if the blob is ` +
        'stored: a later execution finds out',
      { cause, retryable: true, run: this.#run },
    );
  }

  async #attempt(): Promise<Attempt> {
    const request = { method: 'POST', target: this.#target, body: this.#blob } as const;
    const answer = await this.#authenticator.exchange(this.#conversation, request, (authorization) => {
      const headers = { 'content-type': 'application/octet-stream', ...authorization };
      return this.#answerTo({ ...request, headers });
    });
    return this.#judge(answer);
  }

  async #answerTo(request: TransportRequest): Promise<TextAnswer | TransportError> {
    try {
      return await this.#conversation.send(request);
    } catch (error) {
      if (error instanceof TransportError) return error;
      throw error;
    }
  }

  #judge(answer: TextAnswer | TransportError): Attempt {
    const request = { method: 'POST', target: this.#target, body: this.#blob } as const;
    const error = this.#conversation.errorOf(request, answer);
    if (answer instanceof TransportError) {
      if (answer.failure === 'certificate' || answer.failure === 'proxy-login') throw error;
      if (answer.failure === 'refused') return this.#turnedAway(answer, error, true);
      return { result: 'unknown', error };
    }
    if (answer.status === 200) return this.#confirm(answer, error);
    // The server's own 503 has no body; a front's may come after the request was passed on.
    if (isBusy(answer)) return this.#turnedAway(answer, error, answer.text === '');
    if (saysKeyIsTaken(answer)) return { result: 'exists', error };
    if (answer.status >= 500 || answer.status === 408) return { result: 'unknown', error };
    throw error;
  }

  #turnedAway(answer: TextAnswer | TransportError, error: ArchiverError, isSure: boolean): Attempt {
    const patienceSeconds = this.#conversation.patienceSeconds(answer);
    return { result: 'turned-away', error, isSure, patienceSeconds };
  }

  /** A 200 counts only if the server stored what was sent: it accepts an empty body without complaint, for example. */
  #confirm(answer: TextAnswer, error: ArchiverError): Attempt {
    const stored = parseMetadata(answer.text);
    if (stored === undefined) return { result: 'unknown', error };
    if (stored.key === String(this.#run) && this.#isOurs(stored)) return { result: 'stored' };
    throw new UconDbError(
      `UconDB: run ${this.#run}: ${this.#blob.length} bytes with adler32 ${this.#sum} were sent, but the server confirms ` +
        `${stored.data_size} bytes with adler32 ${stored.adler32} under key ${stored.key}: what is stored there is not ` +
        'this blob; find out what stands between us and the server, and have that version removed',
      { run: this.#run, fault: 'run' },
    );
  }

  #isOurs(version: VersionMetadata): boolean {
    return version.data_size === this.#blob.length && version.adler32 === this.#sum;
  }

  /** Asks what is stored under the key now. */
  async #held(): Promise<Held> {
    const request = { method: 'GET', target: this.#address.metadata(this.#run) } as const;
    const answer = await this.#answerTo(request);
    if (answer instanceof TransportError) return 'no-answer';
    if (answer.status === 200) {
      const version = parseMetadata(answer.text);
      return version?.key === String(this.#run) ? version : 'no-answer';
    }
    if (saysNotFound(answer, 'version')) return 'nothing';
    if (answer.status === 500) return await this.#heldAfter500();
    if (isBusy(answer) || answer.status > 500) return 'no-answer';
    throw this.#conversation.errorOf(request, answer);
  }

  /** Before the first version of an object the server answers a GET by key like that; a listing tells it from a fault. */
  async #heldAfter500(): Promise<Held> {
    const answer = await this.#answerTo({ method: 'GET', target: this.#address.emptyListing() });
    return !(answer instanceof TransportError) && saysNotFound(answer, 'object') ? 'nothing' : 'no-answer';
  }
}
