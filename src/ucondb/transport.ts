import { once } from 'node:events';
import { isIP, isIPv6, type Socket, connect as tcpConnect } from 'node:net';
import { Readable } from 'node:stream';
import { createSecureContext, rootCertificates, type SecureContext, connect as tlsConnect } from 'node:tls';
import pLimit, { type LimitFunction } from 'p-limit';
import { type buildConnector, Client, type Dispatcher } from 'undici';
import { messageOf } from '../errors.ts';
import { programVersion } from '../installation.ts';
import type { HttpProxy } from '../net/proxy.ts';
import { openTunnel, TunnelError } from '../net/tunnel.ts';
import { errorCode } from '../system-error.ts';

/** How exchanges with a server are limited. */
export interface TransportOptions extends TlsOptions {
  /** Limit for connecting, and for each silence while sending or receiving; a transfer that goes on fast enough is never cut. */
  readonly timeoutSeconds: number;
  /** Limit for the silence before the first byte of a listing. */
  readonly listingTimeoutSeconds: number;
  /** Requests under way at once. */
  readonly connections: number;
  /** Between us and the server. */
  readonly proxy: HttpProxy | undefined;
}

/** A request as it is sent. */
export interface TransportRequest {
  readonly method: 'GET' | 'POST';
  /** Path and query. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** For POST; always sent with its Content-Length. */
  readonly body?: Buffer;
  /** A listing may take long to begin, and nothing is lost if it is given up. */
  readonly isListing?: boolean;
}

/** The head of an answer, and its body as it comes. */
export interface TransportAnswer {
  readonly status: number;
  /** A header's first value; undefined if it is absent. */
  header(name: string): string | undefined;
  /** All values of a header. */
  headers(name: string): readonly string[];
  readonly chunks: AsyncIterable<Buffer>;
}

/** Once a stop is asked for, an exchange may go on for so many time-outs. */
const GRACE_TIMEOUTS = 3;
const CHUNK_BYTES = 256 * 1024;
/** The server was measured to store 6 to 10 MB a second, and it answers when all is stored. */
const STORED_BYTES_PER_SECOND = 3e6;

const USER_AGENT = `run-record-archiver/${programVersion()}`;

/** HTTP exchanges with one server, each on a connection of its own and with its own time-outs. */
export class Transport {
  readonly #origin: string;
  readonly #options: TransportOptions;
  readonly #connector: Connector;
  readonly #limit: LimitFunction;
  readonly #closed = new AbortController();

  constructor(origin: string, options: TransportOptions) {
    this.#origin = origin;
    this.#options = options;
    this.#connector = new Connector(options, options.proxy);
    this.#limit = pLimit(options.connections);
  }

  /** Between us and the server. */
  get proxy(): HttpProxy | undefined {
    return this.#options.proxy;
  }

  /**
   * Sends a request and hands its answer to `receive`, which reads as much of the body as it wants.
   * @param stop asks for an end: a listing is given up, other exchanges have to come to their end soon
   * @throws TransportError if there is no whole answer; whatever `receive` throws
   */
  exchange<T>(
    sent: TransportRequest,
    receive: (answer: TransportAnswer) => Promise<T>,
    stop?: AbortSignal,
  ): Promise<T> {
    return this.#limit(async () => {
      const watchdog = new Watchdog(this.#patience(sent, stop));
      // The server ends each connection itself. One that a front keeps may end just when it is used again, or still bring
      // the rest of an earlier answer.
      const client = new Client(this.#origin, {
        connect: this.#connector.forExchange({
          signal: watchdog.signal,
          connected: () => watchdog.connected(),
        }),
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      try {
        const answer = await send(client, this.#throughProxy(sent), watchdog);
        // Whatever is not read of it ends with the connection.
        answer.body.on('error', () => undefined);
        return await receive({
          status: answer.statusCode,
          header: (name) => valuesOf(answer, name)[0],
          headers: (name) => valuesOf(answer, name),
          chunks: watched(answer.body, watchdog),
        });
      } finally {
        watchdog.end();
        await client.destroy();
      }
    });
  }

  /** A proxy wants the whole address, unless it only passes an encrypted connection on. */
  #throughProxy(sent: TransportRequest): TransportRequest {
    const { proxy } = this.#options;
    if (proxy === undefined || this.#origin.startsWith('https:')) return sent;
    const login = proxy.authorization === undefined ? {} : { 'proxy-authorization': proxy.authorization };
    return { ...sent, target: this.#origin + sent.target, headers: { ...sent.headers, ...login } };
  }

  #patience({ isListing = false, body }: TransportRequest, stop: AbortSignal | undefined): Patience {
    const { timeoutSeconds, listingTimeoutSeconds } = this.#options;
    return {
      timeoutSeconds,
      firstByteSeconds: isListing ? listingTimeoutSeconds : timeoutSeconds,
      closed: this.#closed.signal,
      stop,
      graceSeconds: isListing ? 0 : timeoutSeconds * GRACE_TIMEOUTS + storingSeconds(body),
    };
  }

  /** Ends all exchanges at once; there are no others afterwards. */
  close(): void {
    this.#closed.abort(new TransportError('stopped', 'the client was closed'));
  }
}

async function send(
  client: Client,
  { method, target, headers, body }: TransportRequest,
  watchdog: Watchdog,
): Promise<Dispatcher.ResponseData> {
  const length = body === undefined ? {} : { 'content-length': String(body.length) };
  try {
    return await client.request({
      path: target,
      method,
      // What is kept between us and the server may be older than what we have stored.
      headers: {
        accept: '*/*',
        'cache-control': 'no-cache',
        'user-agent': USER_AGENT,
        ...headers,
        ...length,
      },
      reset: true,
      signal: watchdog.signal,
      body: body === undefined || body.length === 0 ? null : Readable.from(pieces(body, watchdog)),
    });
  } catch (error) {
    throw watchdog.expired ?? exchangeError(error);
  }
}

/** A body in pieces, so that progress in sending it is seen. */
function* pieces(body: Buffer, watchdog: Watchdog): Generator<Buffer> {
  for (let start = 0; start < body.length; start += CHUNK_BYTES) {
    watchdog.sending();
    yield body.subarray(start, start + CHUNK_BYTES);
  }
  watchdog.sent(storingSeconds(body));
}

function storingSeconds(body: Buffer | undefined): number {
  return (body?.length ?? 0) / STORED_BYTES_PER_SECOND;
}

async function* watched(body: AsyncIterable<Buffer>, watchdog: Watchdog): AsyncGenerator<Buffer> {
  try {
    watchdog.answered();
    for await (const chunk of body) {
      watchdog.received(chunk.length);
      yield chunk;
    }
  } catch (error) {
    throw watchdog.expired ?? exchangeError(error);
  }
}

function valuesOf({ headers }: Dispatcher.ResponseData, name: string): readonly string[] {
  return [headers[name.toLowerCase()] ?? []].flat();
}

/** What an answer must bring on average, in each window of so many time-outs after its first byte. */
const LEAST_BYTES_PER_SECOND = 1000;
const WINDOW_TIMEOUTS = 3;

/** How long an exchange is waited for. */
export interface Patience {
  /** For connecting, and for each silence. */
  readonly timeoutSeconds: number;
  /** For the silence before the first byte of the answer. */
  readonly firstByteSeconds: number;
  /** Ends the exchange at once; its reason is a {@link TransportError}. */
  readonly closed: AbortSignal;
  /** Asks for an end of the exchange, which may go on for `graceSeconds`. */
  readonly stop: AbortSignal | undefined;
  readonly graceSeconds: number;
}

/**
 * Aborts an exchange that makes no progress: each sign of progress starts the time anew. An answer that only drips, and the
 * whole exchange once a stop is asked for, have their own limits.
 */
class Watchdog {
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

  /** Notes that another piece of the request is asked for. */
  sending(): void {
    this.#touch('nothing of the body could be sent', this.#patience.timeoutSeconds);
  }

  /** Notes that all of the request was sent. @param allowanceSeconds what the server may need to store it */
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

  /** Ends the watch for good: a body may still be asked for pieces after its answer came. */
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

/** Which servers are trusted. */
export interface TlsOptions {
  /** False: any certificate is taken. */
  readonly verify: boolean;
  /** PEM text of private certificate authorities, trusted besides the public ones. */
  readonly ca: string | undefined;
}

/** Whoever waits for a connection. */
export interface ConnectionWatcher {
  /** Ends the attempt to connect. */
  readonly signal: AbortSignal;
  /** The connection is there; whatever fails from now on may have reached the server. */
  connected(): void;
}

const STATUS_LINE = /^HTTP\/1\.[01] \d{3}[^\r\n]*\n/;

/** Opens connections to one server, or to the proxy before it. */
export class Connector {
  readonly #proxy: HttpProxy | undefined;
  readonly #tls: { readonly secureContext: SecureContext; readonly rejectUnauthorized: boolean };

  constructor({ verify, ca }: TlsOptions, proxy: HttpProxy | undefined) {
    this.#proxy = proxy;
    this.#tls = {
      // Made once, as reading all public authorities takes a while.
      secureContext: createSecureContext(ca === undefined ? {} : { ca: [...rootCertificates, ca] }),
      rejectUnauthorized: verify,
    };
  }

  /**
   * For the HTTP client of one exchange: opens one connection, with an ear for webpie's own answers. Every failure is a
   * {@link TransportError} that says that nothing was sent. That client may not connect again by itself, which it would do
   * without end where connections are closed as soon as they are made.
   */
  forExchange(watcher: ConnectionWatcher): buildConnector.connector {
    let isUsed = false;
    return (target, callback) => {
      if (isUsed) {
        callback(new TransportError('broken', 'the connection was closed before the request was sent'), null);
        return;
      }
      isUsed = true;
      this.#open(target, watcher.signal).then(
        (socket) => {
          watcher.connected();
          repairLineEnds(socket);
          callback(null, socket);
        },
        (error: unknown) => callback(connectionError(error), null),
      );
    };
  }

  async #open({ protocol, hostname, port }: buildConnector.Options, signal: AbortSignal): Promise<Socket> {
    const server = { host: hostname, port: Number(port) || (protocol === 'https:' ? 443 : 80) };
    const proxy = this.#proxy;
    if (protocol !== 'https:') {
      if (proxy === undefined) return await this.#connected(tcpConnect(server), 'connect', signal);
      const first = { host: proxy.hostname, port: proxy.port };
      return proxy.isSecure
        ? await this.#secured(first, signal)
        : await this.#connected(tcpConnect(first), 'connect', signal);
    }
    if (proxy === undefined) return await this.#secured(server, signal);
    const host = isIPv6(hostname) ? `[${hostname}]` : hostname;
    const socket = await openTunnel(proxy, `${host}:${server.port}`, { signal, tls: this.#tls });
    return await this.#secured({ ...server, socket }, signal);
  }

  async #secured(
    target: { readonly host: string; readonly port: number; readonly socket?: Socket },
    signal: AbortSignal,
  ): Promise<Socket> {
    const socket = tlsConnect({
      ...this.#tls,
      ...target,
      servername: isIP(target.host) === 0 ? target.host : '',
      ALPNProtocols: ['http/1.1'],
    });
    return await this.#connected(socket, 'secureConnect', signal);
  }

  async #connected<T extends Socket>(socket: T, event: string, signal: AbortSignal): Promise<T> {
    socket.setNoDelay(true);
    try {
      await once(socket, event, { signal });
      return socket;
    } catch (error) {
      socket.on('error', () => undefined).destroy();
      throw error;
    }
  }
}

/**
 * webpie's own answers (400, 404 outside the prefix, 503 when overloaded) end their lines with a bare LF, which undici's
 * parser refuses. Such an answer is a head without a body in one packet, so only the first piece needs to be looked at.
 */
function repairLineEnds(socket: Socket): void {
  const read = socket.read;
  socket.read = (size?: number) => {
    const piece: unknown = read.call(socket, size);
    if (!Buffer.isBuffer(piece)) return piece;
    socket.read = read;
    const text = piece.toString('latin1');
    return STATUS_LINE.test(text) ? Buffer.from(text.replace(/\n/g, '\r\n'), 'latin1') : piece;
  };
}

/**
 * How an exchange failed. `refused`: no connection was made, so nothing was sent. `certificate`: as that, because the server's
 * certificate is not trusted. `broken`: what the server made of the request is unknown. `stopped`: as that, because we gave it up.
 * `proxy-login`: a proxy wants another login before it makes a connection.
 */
export type TransportFailure = 'refused' | 'certificate' | 'broken' | 'stopped' | 'proxy-login';

/** A request that got no whole answer. */
export class TransportError extends Error {
  readonly failure: TransportFailure;

  constructor(failure: TransportFailure, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'TransportError';
    this.failure = failure;
  }
}

/** The error for a connection that could not be made, whatever the reason: no request was sent on it. */
export function connectionError(error: unknown): TransportError {
  if (error instanceof TransportError) return error;
  if (error instanceof TunnelError && error.status === 407) {
    return new TransportError('proxy-login', error.message, error);
  }
  const isCertificate = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|HOSTNAME_MISMATCH/.test(errorCode(error) ?? '');
  return new TransportError(isCertificate ? 'certificate' : 'refused', reasonOf(error), error);
}

/** The error for an exchange that failed on a connection. */
export function exchangeError(error: unknown): TransportError {
  return error instanceof TransportError ? error : new TransportError('broken', reasonOf(error), error);
}

/** A host with several addresses fails with the errors of all of them, and no message of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(', ');
  return messageOf(error) || (errorCode(error) ?? 'unknown reason');
}
