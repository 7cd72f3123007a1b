import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { UconDbError } from '../../errors.ts';
import type { RunNumber } from '../../run-number.ts';
import { type Logger, silentLogger } from '../../services/logger.ts';
import { checkAccess, type UconDbAccess } from './access.ts';
import { UconDbAddress } from './address.ts';
import { challengeOf, saysBadTv, saysNotFound, type TextAnswer } from './answers.ts';
import { Authenticator, type Demand } from './authenticator.ts';
import type { WaitingTools } from './backoff.ts';
import { readBlob } from './blob-reader.ts';
import { Conversation } from './conversation.ts';
import { readListing } from './listing.ts';
import { Transport } from './transport.ts';
import type { PutOutcome, UconDb } from './ucondb.ts';
import { Upload } from './upload.ts';

/** Where UconDB is, who we are there, and how to reach it. */
export interface UconDbClientOptions extends Partial<WaitingTools> {
  /** Ends in `/app`. */
  readonly serverUrl: string;
  readonly folder: string;
  readonly object: string;
  readonly user: string;
  readonly password: string;
  /** Limit for connecting, and for each silence while sending or receiving. */
  readonly timeoutSeconds: number;
  /** False: any certificate is taken, with a warning. Default true. */
  readonly tlsVerify?: boolean;
  /** PEM text of a private certificate authority. */
  readonly ca?: string | undefined;
  /** Requests under way at once; more wait. Default 1. */
  readonly connections?: number;
  readonly logger?: Logger;
}

/** One object of a UconDB folder, over HTTP. */
export class UconDbClient implements UconDb {
  readonly location: string;
  readonly #address: UconDbAddress;
  readonly #transport: Transport;
  readonly #conversation: Conversation;
  readonly #authenticator: Authenticator;
  readonly #logger: Logger;

  /** Contacts nothing. @throws ConfigurationError if server URL, folder or object can't be used */
  constructor(options: UconDbClientOptions) {
    const {
      now = () => performance.now(),
      sleep: pause = sleep,
      random = randomBytes,
      tlsVerify = true,
    } = options;
    this.#logger = options.logger ?? silentLogger;
    this.#address = new UconDbAddress(options.serverUrl, options.folder, options.object);
    this.location = this.#address.location;
    this.#transport = new Transport(this.#address.origin, {
      timeoutSeconds: options.timeoutSeconds,
      connections: options.connections ?? 1,
      verify: tlsVerify,
      ca: options.ca,
    });
    this.#conversation = new Conversation(this.#transport, this.#address, {
      tools: { now, sleep: pause, random },
      timeoutSeconds: options.timeoutSeconds,
      logger: this.#logger,
    });
    this.#authenticator = new Authenticator({ user: options.user, password: options.password, random }, () =>
      this.#askDemand(),
    );
    if (!tlsVerify) {
      this.#logger.warning("UconDB: the server's certificate is not checked (ucon_db.tls_verify is false)");
    }
  }

  listRuns(): Promise<RunNumber[]> {
    return this.#conversation.get(
      this.#address.versions(),
      (answer, what) => readListing(answer.chunks, { object: this.#address.object, what }, this.#logger),
      (answer) => (saysNotFound(answer, 'object') ? [] : undefined),
    );
  }

  put(run: RunNumber, blob: Buffer): Promise<PutOutcome> {
    return new Upload(this.#conversation, this.#address, this.#authenticator, { run, blob }).run();
  }

  replace(run: RunNumber, blob: Buffer): Promise<void> {
    const upload = { run, blob, target: this.#address.replacement(run) };
    return new Upload(this.#conversation, this.#address, this.#authenticator, upload).runOnce();
  }

  async get(run: RunNumber): Promise<Buffer> {
    const target = this.#address.blob(run);
    const found = await this.#conversation.get<Buffer | TextAnswer>(
      target,
      (answer, what) => readBlob(answer, String(run), what),
      (answer) => (answer.status === 500 || saysNotFound(answer, 'version') ? answer : undefined),
    );
    if (Buffer.isBuffer(found)) return found;
    if (found.status === 500 && !(await this.#objectIsMissing())) {
      throw this.#conversation.errorOf({ method: 'GET', target }, found);
    }
    throw new UconDbError(`UconDB: run ${run} has no blob in ${this.location}`, { run });
  }

  /** Finds out whether runs can be stored, without storing anything; fails as {@link checkAccess} does. */
  check(): Promise<UconDbAccess> {
    return checkAccess(this.#conversation, this.#address, this.#authenticator);
  }

  /** Ends all that is under way. */
  async close(): Promise<void> {
    this.#transport.close();
  }

  /** A GET by key from an object without any version is answered like a fault of the server; a listing tells them apart. */
  #objectIsMissing(): Promise<boolean> {
    return this.#conversation.get(
      this.#address.emptyListing(),
      () => Promise.resolve(false),
      (answer) => (saysNotFound(answer, 'object') ? true : undefined),
    );
  }

  /** Gets a digest challenge without storing anything. */
  #askDemand(): Promise<Demand> {
    const request = { method: 'POST', target: this.#address.challenge(), body: Buffer.alloc(0) } as const;
    return this.#conversation.insist(request, async () =>
      this.#conversation.judge(request, await this.#conversation.send(request), demandOf),
    );
  }
}

function demandOf(answer: TextAnswer): Demand | undefined {
  return saysBadTv(answer) ? 'nothing' : challengeOf(answer);
}
