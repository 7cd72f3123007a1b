import { authorizationHeader, type DigestChallenge } from './digest.ts';

/** Who writes to UconDB. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
  /** Random bytes, for the client's part of each digest. */
  readonly random: (size: number) => Buffer;
}

/** What a server demands of a put: a digest, or nothing. */
export type Demand = DigestChallenge | 'nothing';

/** Authorizes requests with one challenge that is asked for once and shared by all. */
export class Authenticator {
  readonly #credentials: Credentials;
  readonly #ask: () => Promise<Demand>;
  #demand: Promise<Demand> | undefined;
  #count = 0;

  /** @param ask gets the server's demand without storing anything */
  constructor(credentials: Credentials, ask: () => Promise<Demand>) {
    this.#credentials = credentials;
    this.#ask = ask;
  }

  /** What the server demands; asked for at the first call. A failure is not kept: the next call asks again. */
  async demand(): Promise<Demand> {
    this.#demand ??= this.#ask();
    const asked = this.#demand;
    try {
      return await asked;
    } catch (error) {
      if (this.#demand === asked) this.#demand = undefined;
      throw error;
    }
  }

  /** Takes a challenge that the server sent instead of accepting `refused`, unless a newer one came meanwhile. */
  async renew(refused: Demand, challenge: DigestChallenge): Promise<Demand> {
    const current = await this.demand();
    if (current !== refused) return current;
    this.#demand = Promise.resolve(challenge);
    this.#count = 0;
    return challenge;
  }

  /** The headers that authorize a request. */
  headers(demand: Demand, method: string, uri: string): Record<string, string> {
    if (demand === 'nothing') return {};
    const { user, password, random } = this.#credentials;
    const cnonce = random(16).toString('hex');
    const nc = (++this.#count).toString(16).padStart(8, '0');
    return {
      authorization: authorizationHeader(demand, { method, uri, user, password, cnonce, nc }),
    };
  }
}
