import { randomBytes } from 'node:crypto';
import type { Environment } from '../environment.ts';
import { ArchiverError, ConfigurationError, UconDbError } from '../errors.ts';
import { type Logger, silentLogger } from '../log/logger.ts';
import { pause, type WaitingTools } from '../net/backoff.ts';
import { proxyFor } from '../net/proxy.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { shortened } from '../shown-text.ts';
import { UconDbAddress } from './address.ts';
import { saysNotFound, type TextAnswer } from './answers.ts';
import { Authenticator } from './authenticator.ts';
import { readBlob, tooLarge } from './blob-reader.ts';
import { Conversation } from './conversation.ts';
import { type KeyCache, KeyListing, type KeyListingOptions } from './key-listing.ts';
import { readListing } from './listing.ts';
import { Transport } from './transport.ts';
import { TransportError } from './transport-error.ts';
import { type PutOutcome, type UconDb, uconDbLimits } from './ucondb.ts';
import { Upload, type UploadedBlob } from './upload.ts';

/** The parameters of section `ucon_db`, and what else a client works with. */
export interface UconDbClientOptions extends Partial<WaitingTools> {
  /** Ends in `/app`. */
  readonly serverUrl: string;
  readonly folderName: string;
  readonly objectName: string;
  readonly writerUser: string;
  readonly writerPassword: string;
  /** Limit for connecting, and for each silence while sending or receiving. */
  readonly timeoutSeconds: number;
  /** Limit for the silence before the first byte of a listing. */
  readonly listingTimeoutSeconds?: number | undefined;
  /** Largest listing and largest blob, in megabytes. */
  readonly maxListingMb?: number | undefined;
  readonly maxBlobMb?: number | undefined;
  /** False: the client accepts any certificate, with a warning. Default true. */
  readonly tlsVerify?: boolean;
  /** PEM file of a private certificate authority. */
  readonly caFile?: string | undefined;
  /** Names the proxies. */
  readonly env?: Environment;
  /** Requests under way at once; more wait. Default 1. */
  readonly workers?: number;
  readonly logger?: Logger;
  /** Absent: nothing is remembered. */
  readonly keys?: KeyCache | undefined;
  /** Log the server's version after the first listing. Default false. */
  readonly announceVersion?: boolean;
}

/** What {@link UconDbClient.check} found. */
export interface UconDbAccess {
  /** False: the first upload will make the object. */
  readonly objectExists: boolean;
  /** False: the server accepts uploads from everybody. */
  readonly asksForLogin: boolean;
}

/** One object of a UconDB folder, over HTTP. */
export class UconDbClient implements UconDb {
  readonly location: string;
  readonly #address: UconDbAddress;
  readonly #transport: Transport;
  readonly #conversation: Conversation;
  readonly #authenticator: Authenticator;
  readonly #logger: Logger;
  #announcesVersion: boolean;
  readonly #listing: KeyListing;
  readonly #maxListingMb: number;
  readonly #maxBlobMb: number;

  /** Contacts nothing. @throws ConfigurationError if the parameters can't be used or `caFile` can't be read */
  constructor(options: UconDbClientOptions) {
    const { now = () => performance.now(), sleep = pause, random = randomBytes, tlsVerify = true } = options;
    const { serverUrl, folderName, objectName, writerUser: user, writerPassword: password } = options;
    this.#logger = options.logger ?? silentLogger;
    this.#announcesVersion = options.announceVersion ?? false;
    this.#address = new UconDbAddress(serverUrl, folderName, objectName);
    this.location = this.#address.location;
    this.#transport = new Transport(this.#address.origin, {
      timeoutSeconds: options.timeoutSeconds,
      listingTimeoutSeconds: options.listingTimeoutSeconds ?? uconDbLimits.listingTimeoutSeconds,
      connections: options.workers ?? 1,
      verify: tlsVerify,
      caFile: options.caFile,
      proxy: proxyFor(new URL(serverUrl), options.env ?? {}),
    });
    this.#conversation = new Conversation(this.#transport, this.#address, {
      tools: { now, sleep, random },
      timeoutSeconds: options.timeoutSeconds,
      logger: this.#logger,
    });
    expectLatin1(user);
    this.#authenticator = new Authenticator(this.#address, { user, password, random });
    this.#maxListingMb = options.maxListingMb ?? uconDbLimits.maxListingMb;
    this.#listing = new KeyListing(this.#address, {
      cache: options.keys,
      maxMb: this.#maxListingMb,
      logger: this.#logger,
    });
    this.#maxBlobMb = options.maxBlobMb ?? uconDbLimits.maxBlobMb;
    if (!tlsVerify) {
      this.#logger.warning("UconDB: the server's certificate is not checked (ucon_db.tls_verify is false)");
    }
  }

  async listRuns(stop?: AbortSignal, options: KeyListingOptions = {}): Promise<RunNumber[]> {
    const conversation = this.#conversation.until(stop);
    const listing = this.#listing;
    const runs = await (options.mayBeRemembered
      ? listing.remembered(conversation)
      : listing.inFull(conversation));
    if (this.#announcesVersion) await this.#announceVersion(conversation);
    return runs;
  }

  /** Once, and only after the server has answered: this must not prolong an outage, nor fail an execution. */
  async #announceVersion(conversation: Conversation): Promise<void> {
    this.#announcesVersion = false;
    try {
      const { status, text } = await conversation.send({ method: 'GET', target: this.#address.version() });
      if (status !== 200) return;
      this.#logger.info(`Successfully connected to UconDB server, version: ${shortened(text.trim(), 40)}`);
    } catch (error) {
      if (!(error instanceof TransportError || error instanceof ArchiverError)) throw error;
      this.#logger.debug(`UconDB: the server does not tell its version: ${error.message}`);
    }
  }

  async put(run: RunNumber, blob: Buffer, stop?: AbortSignal): Promise<PutOutcome> {
    return await this.#upload({ run, blob, target: this.#address.put(run) }, stop).store();
  }

  async replace(run: RunNumber, blob: Buffer, stop?: AbortSignal): Promise<void> {
    await this.#upload({ run, blob, target: this.#address.replacement(run) }, stop).storeAtMostOnce();
  }

  async get(run: RunNumber, stop?: AbortSignal, likely?: Buffer): Promise<Buffer> {
    const target = this.#address.blob(run);
    const conversation = this.#conversation.until(stop);
    const found = await conversation.get<Buffer | TextAnswer>(
      { target },
      (answer, what) => readBlob(answer, { key: String(run), what, maxMb: this.#maxBlobMb, likely }),
      (answer) => (answer.status === 500 || saysNotFound(answer, 'version') ? answer : undefined),
    );
    if (Buffer.isBuffer(found)) return found;
    if (found.status === 500 && !(await this.#objectIsMissing(conversation))) {
      throw conversation.errorOf({ method: 'GET', target }, found);
    }
    throw new UconDbError(`UconDB: run ${run} has no blob in ${this.location}`, { run });
  }

  /**
   * Finds out whether the folder exists and whether the server would take an upload from us, without storing anything.
   * @throws ConfigurationError for a wrong address, folder or login; UconDbError if the server doesn't answer as it should
   */
  async check(): Promise<UconDbAccess> {
    const conversation = this.#conversation;
    const { object } = this.#address;
    const objectExists = await conversation.get(
      { target: this.#address.emptyListing() },
      async ({ chunks }, what) => {
        await readListing(chunks, { object, what, maxMb: this.#maxListingMb }, silentLogger);
        return true;
      },
      (answer) => (saysNotFound(answer, 'object') ? false : undefined),
    );
    const asksForLogin = (await this.#authenticator.demand(conversation)) !== 'nothing';
    if (asksForLogin) await this.#authenticator.tryLogin(conversation);
    return { objectExists, asksForLogin };
  }

  /** Ends all requests under way. */
  async close(): Promise<void> {
    this.#transport.close();
  }

  /** A blob that is too large to be read back is not sent. */
  #upload(upload: UploadedBlob, stop: AbortSignal | undefined): Upload {
    const { run, blob } = upload;
    if (blob.length > this.#maxBlobMb * 1e6) throw tooLarge(`run ${run}`, blob.length, this.#maxBlobMb);
    return new Upload(this.#conversation.until(stop), this.#address, this.#authenticator, upload);
  }

  /** A server answers a GET by key from an object without any version as if it had a fault; a listing tells them apart. */
  #objectIsMissing(conversation: Conversation): Promise<boolean> {
    return conversation.get(
      { target: this.#address.emptyListing() },
      () => Promise.resolve(false),
      (answer) => (saysNotFound(answer, 'object') ? true : undefined),
    );
  }
}

/** Header fields hold nothing but Latin-1. The password may have any letters, as only its hash is sent. */
function expectLatin1(user: string): void {
  const [letter] = /[^\x20-\x7e\xa0-\xff]/u.exec(user) ?? [];
  if (letter === undefined) return;
  throw new ConfigurationError(
    `ucon_db.writer_user: ${JSON.stringify(user)} can't be sent because of ${JSON.stringify(letter)}: HTTP allows only the letters of ` +
      'Latin-1 in user names',
  );
}
