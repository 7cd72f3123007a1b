import { once } from 'node:events';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { messageOf } from '../../src/errors.ts';
import { type Answer, failureAnswer, headBytes } from './answer.ts';
import type { RequestHead, ServerContext } from './endpoint.ts';
import { Failure } from './failure.ts';
import { answerTo, PREFIX } from './router.ts';

const PIECE_CHARACTERS = 16 * 1024;

/** Serves connections: one request each, as the original keeps none open. */
export class Connections {
  readonly #context: ServerContext;
  readonly #limit: number;
  readonly #underWay = new Set<Promise<void>>();
  #accepted = 0;
  #count = 0;

  /** @param limit requests under way at once */
  constructor(context: ServerContext, limit: number) {
    this.#context = context;
    this.#limit = limit;
  }

  /** Reads a request from a new connection, answers and ends it. */
  serve(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    const served = this.#serve(socket)
      .catch(() => socket.destroy())
      .then(() => undefined);
    this.#underWay.add(served);
    void served.finally(() => this.#underWay.delete(served));
  }

  /** Fulfilled when no request is under way. */
  async idle(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #serve(socket: Socket): Promise<void> {
    const reader = new RequestReader(socket);
    const head = await reader.head();
    if (head === 'nothing') return void socket.destroy();
    if (head === 'invalid') return end(socket, bareAnswer(400, 'Invalid request'));
    if (!head.target.startsWith(PREFIX)) return end(socket, bareAnswer(404, 'Service not found'));
    if (this.#accepted >= this.#limit) return end(socket, bareAnswer(503, 'Service unavailable'));
    this.#accepted++;
    try {
      await this.#answer(socket, head, reader);
    } finally {
      this.#accepted--;
    }
  }

  async #answer(socket: Socket, head: RequestHead, reader: RequestReader): Promise<void> {
    const length = head.headers.get('content-length') ?? '0';
    if (!/^\d{1,15}$/.test(length)) return void socket.destroy();
    if (head.expectsContinue) socket.write('HTTP/1.1 100 Continue\n\n');
    const answer = await this.#answerOrFailure(head, () => reader.body(Number(length)));
    await send(socket, headBytes(answer, this.#requestId()));
    if (head.method !== 'HEAD') {
      if (Buffer.isBuffer(answer.body)) await send(socket, answer.body);
      else for (const piece of pieces(answer.body)) await send(socket, piece);
    }
    await end(socket);
  }

  async #answerOrFailure(head: RequestHead, body: () => Promise<Buffer>): Promise<Answer> {
    try {
      return await answerTo(this.#context, head, body);
    } catch (error) {
      return failureAnswer(new Failure(error instanceof Error ? error.name : 'Error', messageOf(error)));
    }
  }

  /** Three digits of the process, three letters, a count. */
  #requestId(): string {
    this.#count = (this.#count % 999) + 1;
    const letters = Array.from({ length: 3 }, () => String.fromCharCode(97 + Math.floor(Math.random() * 26)));
    const [process3, count3] = [process.pid % 1000, this.#count].map((n) => String(n).padStart(3, '0'));
    return `${process3}.${letters.join('')}.${count3}`;
  }
}

/** An answer that the original's listener gives before any endpoint: bare line feeds, no headers, no body. */
function bareAnswer(status: number, reason: string): Buffer {
  return Buffer.from(`HTTP/1.1 ${status} ${reason}\n\n`);
}

async function send(socket: Socket, bytes: Buffer): Promise<void> {
  if (socket.destroyed || bytes.length === 0) return;
  if (!socket.write(bytes) && !socket.destroyed) {
    await Promise.race([once(socket, 'drain'), once(socket, 'close')]);
  }
}

/** Ends a connection; over TLS without a word before, as the original does. */
async function end(socket: Socket, last: Buffer = Buffer.alloc(0)): Promise<void> {
  if (socket.destroyed) return;
  const closed = once(socket, 'close');
  const written = (): void => void socket.destroy();
  if (socket instanceof TLSSocket) socket.write(last, written);
  else socket.end(last, written);
  await closed;
}

/** Joins the small parts of a stream. */
function* pieces(parts: Iterable<string>): Generator<Buffer> {
  let joined = '';
  for (const part of parts) {
    joined += part;
    if (joined.length < PIECE_CHARACTERS) continue;
    yield Buffer.from(joined);
    joined = '';
  }
  yield Buffer.from(joined);
}

/** What the first bytes of a connection hold. */
type HeadResult = RequestHead | 'invalid' | 'nothing';

const HEAD_LIMIT_BYTES = 100_000;
const HEAD_SECONDS = 15;
const END_OF_HEAD = /\r?\n\r?\n/;

/** Reads one request from a connection: the head first, then as much of the body as an endpoint asks for. */
class RequestReader {
  readonly #socket: Socket;
  readonly #chunks: AsyncIterator<Buffer>;
  #buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#chunks = socket.iterator({ destroyOnReturn: false });
  }

  /** Reads the head. A client that doesn't send one in time gets no answer. */
  async head(): Promise<HeadResult> {
    const timer = setTimeout(() => this.#socket.destroy(), HEAD_SECONDS * 1000);
    try {
      for (;;) {
        const text = this.#buffer.toString('latin1');
        const end = END_OF_HEAD.exec(text);
        if (end !== null) {
          const head = this.#buffer.subarray(0, end.index).toString('utf8');
          this.#buffer = this.#buffer.subarray(end.index + end[0].length);
          return parseHead(head);
        }
        if (this.#buffer.length > HEAD_LIMIT_BYTES || !(await this.#more())) return 'nothing';
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Reads the body.
   * @param length from Content-Length; without it the body counts as empty, however the client sends it
   * @throws Failure if the client ends before it has sent everything
   */
  async body(length: number): Promise<Buffer> {
    const parts: Buffer[] = [this.#buffer.subarray(0, length)];
    let missing = length - this.#buffer.length;
    while (missing > 0) {
      const chunk = await this.#next();
      if (chunk === undefined) {
        throw new Failure(
          'webpie.webob.request.DisconnectionError',
          `The client disconnected while sending the body (${missing} more bytes were expected)`,
        );
      }
      parts.push(chunk.subarray(0, missing));
      missing -= chunk.length;
    }
    this.#buffer = Buffer.alloc(0);
    return Buffer.concat(parts);
  }

  async #more(): Promise<boolean> {
    const chunk = await this.#next();
    if (chunk === undefined) return false;
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    return true;
  }

  /** The next bytes; undefined if the client ended or broke the connection. */
  async #next(): Promise<Buffer | undefined> {
    try {
      const { value, done } = await this.#chunks.next();
      return done === true ? undefined : value;
    } catch {
      return undefined;
    }
  }
}

function parseHead(text: string): HeadResult {
  const [first = '', ...lines] = text.split('\n').map((line) => line.trim());
  const [method = '', target = '', protocol] = splitAtBlanks(first);
  if (protocol === undefined || !/^http\//i.test(protocol)) return 'invalid';
  const headers = new Map<string, string>();
  let expectsContinue = false;
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    const name = line.slice(0, colon).trim();
    const value = line.slice(colon + 1).trim();
    if (name === 'Expect' && value === '100-continue') expectsContinue = true;
    headers.set(name.toLowerCase(), value);
  }
  return { method: method.toUpperCase(), target, headers, expectsContinue };
}

/** At most three words; the third keeps its blanks. */
function splitAtBlanks(line: string): string[] {
  const [method = '', target, ...rest] = line.split(' ');
  if (target === undefined) return [method];
  return rest.length === 0 ? [method, target] : [method, target, rest.join(' ')];
}
