import { Readable } from 'node:stream';
import pLimit, { type LimitFunction } from 'p-limit';
import type { Dispatcher } from 'undici';
import { programVersion } from '../installation.ts';
import type { HttpProxy } from '../net/proxy.ts';
import { Connector, type TlsOptions } from './connector.ts';
import { HttpClient } from './http-client.ts';
import { exchangeError, TransportError } from './transport-error.ts';
import { type Patience, Watchdog } from './watchdog.ts';

/** How exchanges with a server are limited. */
export interface TransportOptions extends TlsOptions {
  /** Limit for connecting, and for each silence while sending or receiving; a transfer that is fast enough is never cut. */
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
  /** A listing may take long to begin, and giving it up loses nothing. */
  readonly isListing?: boolean;
}

/** The head of an answer, and its body as it arrives. */
export interface TransportAnswer {
  readonly status: number;
  /** A header's first value; undefined if it is absent. */
  header(name: string): string | undefined;
  /** All values of a header. */
  headers(name: string): readonly string[];
  readonly chunks: AsyncIterable<Buffer>;
}

/** After a stop is asked for, an exchange may continue for so many time-outs. */
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
   * @param stop once aborted, a listing is given up, and other exchanges must finish soon
   * @throws TransportError if the answer is missing or incomplete; whatever `receive` throws
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
      const client = new HttpClient(this.#origin, {
        connect: this.#connector.forExchange({
          signal: watchdog.signal,
          connected: () => watchdog.connected(),
        }),
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      try {
        const answer = await send(client, this.#throughProxy(sent), watchdog);
        // What nobody reads of it ends with the connection.
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

  /** A proxy wants the whole address, unless it only passes on an encrypted connection. */
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

  /** Ends all exchanges at once; no others can follow. */
  close(): void {
    this.#closed.abort(new TransportError('stopped', 'the client was closed'));
  }
}

async function send(
  client: HttpClient,
  { method, target, headers, body }: TransportRequest,
  watchdog: Watchdog,
): Promise<Dispatcher.ResponseData> {
  const length = body === undefined ? {} : { 'content-length': String(body.length) };
  try {
    return await client.request({
      path: target,
      method,
      // A copy that something between us and the server keeps may be older than what we have stored.
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

/** A body in pieces, which make progress in sending it visible. */
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
