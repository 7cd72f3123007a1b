import type { UconDbAddress } from './address.ts';
import { challengeOf, saysBadTv, type TextAnswer } from './answers.ts';
import type { Conversation } from './conversation.ts';
import { authorizationHeader, type DigestChallenge } from './digest.ts';
import { TransportError } from './transport-error.ts';

/** Who writes to UconDB. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
  /** Random bytes, for the client's part of each digest. */
  readonly random: (size: number) => Buffer;
}

/** What a server demands of a put: a digest, or nothing. */
export type Demand = DigestChallenge | 'nothing';

/** Authorizes requests. It asks the server for a challenge once, and all requests share it. */
export class Authenticator {
  readonly #credentials: Credentials;
  /** An upload that stores nothing. */
  readonly #probe: { readonly method: 'POST'; readonly target: string; readonly body: Buffer };
  #demand: Promise<Demand> | undefined;
  /** How often each challenge was used. */
  readonly #uses = new WeakMap<DigestChallenge, number>();

  constructor(address: UconDbAddress, credentials: Credentials) {
    this.#credentials = credentials;
    this.#probe = { method: 'POST', target: address.challenge(), body: Buffer.alloc(0) };
  }

  /**
   * What the server demands. The first call asks for it, without storing anything; after a failure the next call asks again.
   */
  async demand(conversation: Conversation): Promise<Demand> {
    this.#demand ??= this.#ask(conversation);
    const asked = this.#demand;
    try {
      return await asked;
    } catch (error) {
      if (this.#demand === asked) this.#demand = undefined;
      throw error;
    }
  }

  /**
   * Logs in without storing anything: the server refuses what is sent for its tv, which it reads after it has accepted the login.
   * @throws ConfigurationError if it does not accept us; UconDbError if it doesn't answer as it should
   */
  async tryLogin(conversation: Conversation): Promise<void> {
    const send = (headers: Readonly<Record<string, string>>) =>
      conversation.send({ ...this.#probe, headers });
    await conversation.insist(this.#probe, async () =>
      conversation.judge(
        this.#probe,
        await this.exchange(conversation, this.#probe, send),
        (answer) => saysBadTv(answer) || undefined,
      ),
    );
  }

  /**
   * Sends a request with the headers that authorize it, and once more if a challenge is the answer. If that nonce is stale
   * as well (a server may take each only once, and another worker was faster), the next one is kept for this request alone.
   * @param conversation asks for the demand
   * @returns the last answer
   */
  async exchange<Answer extends TextAnswer | TransportError>(
    conversation: Conversation,
    { method, target }: { readonly method: string; readonly target: string },
    send: (headers: Readonly<Record<string, string>>) => Promise<Answer>,
  ): Promise<Answer> {
    let demand = await this.demand(conversation);
    for (let sent = 1; ; sent++) {
      const answer = await send(this.#headers(demand, method, target));
      const challenge = answer instanceof TransportError ? undefined : challengeOf(answer);
      if (challenge === undefined || sent === 3 || (sent === 2 && !challenge.stale)) return answer;
      demand = sent === 1 ? await this.#renew(conversation, demand, challenge) : challenge;
    }
  }

  #ask(conversation: Conversation): Promise<Demand> {
    return conversation.insist(this.#probe, async () =>
      conversation.judge(this.#probe, await conversation.send(this.#probe), (answer) =>
        saysBadTv(answer) ? 'nothing' : challengeOf(answer),
      ),
    );
  }

  /** Takes a challenge that the server sent instead of accepting `refused`, unless a newer one came meanwhile. */
  async #renew(conversation: Conversation, refused: Demand, challenge: DigestChallenge): Promise<Demand> {
    const current = await this.demand(conversation);
    if (current !== refused) return current;
    this.#demand = Promise.resolve(challenge);
    return challenge;
  }

  #headers(demand: Demand, method: string, uri: string): Record<string, string> {
    if (demand === 'nothing') return {};
    const { user, password, random } = this.#credentials;
    const cnonce = random(16).toString('hex');
    const use = (this.#uses.get(demand) ?? 0) + 1;
    this.#uses.set(demand, use);
    const nc = use.toString(16).padStart(8, '0');
    return {
      authorization: authorizationHeader(demand, { method, uri, user, password, cnonce, nc }),
    };
  }
}
