import { randomBytes } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { Environment } from '../environment.ts';
import { ArchiverError, ConfigurationError, messageOf, UconDbError } from '../errors.ts';
import { readRegularFileSync } from '../files/regular-file.ts';
import { type Logger, silentLogger } from '../log/logger.ts';
import { pause, type WaitingTools } from '../net/backoff.ts';
import { type HttpProxy, proxyFor } from '../net/proxy.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { shortened } from '../shown-text.ts';
import { UconDbAddress } from './address.ts';
import { challengeOf, saysBadTv, saysNotFound, type TextAnswer } from './answers.ts';
import { Authenticator, type Demand } from './authenticator.ts';
import { readBlob, tooLarge } from './blob-reader.ts';
import { Conversation } from './conversation.ts';
import { readListing } from './listing.ts';
import { Transport } from './transport.ts';
import { TransportError } from './transport-error.ts';
import { type PutOutcome, type UconDb, uconDbLimits } from './ucondb.ts';
import { Upload, type UploadedBlob } from './upload.ts';

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
  /** Limit for the silence before the first byte of a listing. */
  readonly listingTimeoutSeconds?: number | undefined;
  /** Largest listing and largest blob, in megabytes. */
  readonly maxListingMb?: number | undefined;
  readonly maxBlobMb?: number | undefined;
  /** False: any certificate is taken, with a warning. Default true. */
  readonly tlsVerify?: boolean;
  /** Between us and the server; none if absent. */
  readonly proxy?: HttpProxy | undefined;
  /** PEM text of a private certificate authority. */
  readonly ca?: string | undefined;
  /** Requests under way at once; more wait. Default 1. */
  readonly connections?: number;
  readonly logger?: Logger;
  /** Log the server's version after the first listing. Default false. */
  readonly announceVersion?: boolean | undefined;
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
  readonly #maxListingMb: number;
  readonly #maxBlobMb: number;

  /** Contacts nothing. @throws ConfigurationError if server URL, folder, object or user can't be used */
  constructor(options: UconDbClientOptions) {
    const { now = () => performance.now(), sleep = pause, random = randomBytes, tlsVerify = true } = options;
    this.#logger = options.logger ?? silentLogger;
    this.#announcesVersion = options.announceVersion ?? false;
    this.#address = new UconDbAddress(options.serverUrl, options.folder, options.object);
    this.location = this.#address.location;
    this.#transport = new Transport(this.#address.origin, {
      timeoutSeconds: options.timeoutSeconds,
      listingTimeoutSeconds: options.listingTimeoutSeconds ?? uconDbLimits.listingTimeoutSeconds,
      connections: options.connections ?? 1,
      verify: tlsVerify,
      ca: options.ca,
      proxy: options.proxy,
    });
    this.#conversation = new Conversation(this.#transport, this.#address, {
      tools: { now, sleep, random },
      timeoutSeconds: options.timeoutSeconds,
      logger: this.#logger,
    });
    const { user, password } = options;
    expectLatin1(user);
    this.#authenticator = new Authenticator({ user, password, random }, (conversation) =>
      askDemand(conversation, this.#address),
    );
    this.#maxListingMb = options.maxListingMb ?? uconDbLimits.maxListingMb;
    this.#maxBlobMb = options.maxBlobMb ?? uconDbLimits.maxBlobMb;
    if (!tlsVerify) {
      this.#logger.warning("UconDB: the server's certificate is not checked (ucon_db.tls_verify is false)");
    }
  }

  async listRuns(stop?: AbortSignal): Promise<RunNumber[]> {
    const { object } = this.#address;
    const limits = { object, maxMb: this.#maxListingMb };
    const conversation = this.#conversation.until(stop);
    const runs = await conversation.get(
      { target: this.#address.versions(), isListing: true },
      (answer, what) => readListing(answer.chunks, { ...limits, what }, this.#logger),
      (answer) => (saysNotFound(answer, 'object') ? [] : undefined),
    );
    if (this.#announcesVersion) await this.#announceVersion(conversation);
    return runs;
  }

  /** Once, and only after the server has answered: it must cost an outage no further time, and never an execution. */
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
    return await this.#upload({ run, blob, target: this.#address.put(run) }, stop).run();
  }

  async replace(run: RunNumber, blob: Buffer, stop?: AbortSignal): Promise<void> {
    await this.#upload({ run, blob, target: this.#address.replacement(run) }, stop).runOnce();
  }

  async get(run: RunNumber, stop?: AbortSignal): Promise<Buffer> {
    const target = this.#address.blob(run);
    const conversation = this.#conversation.until(stop);
    const found = await conversation.get<Buffer | TextAnswer>(
      { target },
      (answer, what) => readBlob(answer, { key: String(run), what, maxMb: this.#maxBlobMb }),
      (answer) => (answer.status === 500 || saysNotFound(answer, 'version') ? answer : undefined),
    );
    if (Buffer.isBuffer(found)) return found;
    if (found.status === 500 && !(await this.#objectIsMissing(conversation))) {
      throw conversation.errorOf({ method: 'GET', target }, found);
    }
    throw new UconDbError(`UconDB: run ${run} has no blob in ${this.location}`, { run });
  }

  /** Finds out whether runs can be stored, without storing anything; fails as {@link checkAccess} does. */
  check(): Promise<UconDbAccess> {
    return checkAccess(this.#conversation, this.#address, {
      authenticator: this.#authenticator,
      maxMb: this.#maxListingMb,
    });
  }

  /** Ends all that is under way. */
  async close(): Promise<void> {
    this.#transport.close();
  }

  /** What can't be read back is not sent. */
  #upload(upload: UploadedBlob, stop: AbortSignal | undefined): Upload {
    const { run, blob } = upload;
    if (blob.length > this.#maxBlobMb * 1e6) throw tooLarge(`run ${run}`, blob.length, this.#maxBlobMb);
    return new Upload(this.#conversation.until(stop), this.#address, this.#authenticator, upload);
  }

  /** A GET by key from an object without any version is answered like a fault of the server; a listing tells them apart. */
  #objectIsMissing(conversation: Conversation): Promise<boolean> {
    return conversation.get(
      { target: this.#address.emptyListing() },
      () => Promise.resolve(false),
      (answer) => (saysNotFound(answer, 'object') ? true : undefined),
    );
  }
}

/** Header fields hold nothing else. The password may have any letters, as only its hash is sent. */
function expectLatin1(user: string): void {
  const [letter] = /[^\x20-\x7e\xa0-\xff]/u.exec(user) ?? [];
  if (letter === undefined) return;
  throw new ConfigurationError(
    `ucon_db.writer_user: ${JSON.stringify(user)} can't be sent because of ${JSON.stringify(letter)}: HTTP allows only the letters of ` +
      'Latin-1 in user names',
  );
}

/** Gets a digest challenge without storing anything. */
function askDemand(conversation: Conversation, address: UconDbAddress): Promise<Demand> {
  const request = { method: 'POST', target: address.challenge(), body: Buffer.alloc(0) } as const;
  return conversation.insist(request, async () =>
    conversation.judge(request, await conversation.send(request), demandOf),
  );
}

function demandOf(answer: TextAnswer): Demand | undefined {
  return saysBadTv(answer) ? 'nothing' : challengeOf(answer);
}

/** What a UconDB that can be used is like. */
export interface UconDbAccess {
  /** False: the object will be made by the first upload. */
  readonly objectExists: boolean;
  /** False: the server takes uploads from everybody. */
  readonly asksForLogin: boolean;
}

/**
 * Finds out whether the folder is there and whether the server would take an upload from us. Nothing is stored: what is sent
 * is refused for its tv, which the server reads after it has accepted the login.
 * @param maxMb of a listing, in megabytes
 * @throws ConfigurationError for a wrong address, folder or login; UconDbError if the server doesn't answer as it should
 */
async function checkAccess(
  conversation: Conversation,
  address: UconDbAddress,
  { authenticator, maxMb }: { readonly authenticator: Authenticator; readonly maxMb: number },
): Promise<UconDbAccess> {
  const objectExists = await conversation.get(
    { target: address.emptyListing() },
    async ({ chunks }, what) => {
      await readListing(chunks, { object: address.object, what, maxMb }, silentLogger);
      return true;
    },
    (answer) => (saysNotFound(answer, 'object') ? false : undefined),
  );
  const asksForLogin = (await authenticator.demand(conversation)) !== 'nothing';
  if (asksForLogin) await tryLogin(conversation, address, authenticator);
  return { objectExists, asksForLogin };
}

async function tryLogin(
  conversation: Conversation,
  address: UconDbAddress,
  authenticator: Authenticator,
): Promise<void> {
  const request = { method: 'POST', target: address.challenge(), body: Buffer.alloc(0) } as const;
  await conversation.insist(request, async () => {
    const send = (headers: Readonly<Record<string, string>>) => conversation.send({ ...request, headers });
    return conversation.judge(
      request,
      await authenticator.exchange(conversation, request, send, challengeOf),
      asAccepted,
    );
  });
}

function asAccepted(answer: Parameters<typeof saysBadTv>[0]): true | undefined {
  return saysBadTv(answer) ? true : undefined;
}

/** The parameters of section `ucon_db` that the client needs. */
export interface UconDbParameters {
  readonly serverUrl: string;
  readonly folderName: string;
  readonly objectName: string;
  readonly writerUser: string;
  readonly writerPassword: string;
  readonly timeoutSeconds: number;
  readonly listingTimeoutSeconds?: number | undefined;
  readonly maxListingMb?: number | undefined;
  readonly maxBlobMb?: number | undefined;
  readonly tlsVerify: boolean;
  readonly caFile?: string | undefined;
}

/**
 * The UconDB that the configuration names. Contacts nothing yet.
 * @param options.env names the proxies
 * @throws ConfigurationError if the parameters can't be used or `caFile` can't be read
 */
export function openUconDb(
  parameters: UconDbParameters,
  options: {
    readonly workers: number;
    readonly logger: Logger;
    readonly env: Environment;
    readonly announceVersion?: boolean;
  },
): UconDbClient {
  return new UconDbClient({
    serverUrl: parameters.serverUrl,
    folder: parameters.folderName,
    object: parameters.objectName,
    user: parameters.writerUser,
    password: parameters.writerPassword,
    timeoutSeconds: parameters.timeoutSeconds,
    listingTimeoutSeconds: parameters.listingTimeoutSeconds,
    maxListingMb: parameters.maxListingMb,
    maxBlobMb: parameters.maxBlobMb,
    tlsVerify: parameters.tlsVerify,
    connections: options.workers,
    logger: options.logger,
    proxy: proxyFor(new URL(parameters.serverUrl), options.env),
    announceVersion: options.announceVersion,
    ca: parameters.caFile === undefined ? undefined : readCertificates(parameters.caFile),
  });
}

function readCertificates(path: string): string {
  let text: string;
  try {
    text = String(readRegularFileSync(path));
  } catch (error) {
    throw new ConfigurationError(`ucon_db.ca_file: can't read ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  try {
    createSecureContext({ ca: text });
  } catch (error) {
    throw new ConfigurationError(
      `ucon_db.ca_file: ${path} holds no usable certificate: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
  if (!text.includes('-----BEGIN CERTIFICATE-----')) {
    throw new ConfigurationError(`ucon_db.ca_file: ${path} holds no PEM certificate`);
  }
  return text;
}
