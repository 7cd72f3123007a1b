import type { Socket } from 'node:net';
import { Failure } from './failure.ts';

/** A request whose head was read. Header names are compared without case, but for `Expect`. */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly headers: ReadonlyMap<string, string>;
  /** True if the client waits for `100 Continue`; the header's name must be spelt exactly so. */
  readonly expectsContinue: boolean;
}

/** What could be made of the bytes that came first. */
export type HeadResult = RequestHead | 'invalid' | 'nothing';

const HEAD_LIMIT_BYTES = 100_000;
const HEAD_SECONDS = 15;
const END_OF_HEAD = /\r?\n\r?\n/;

/** Reads one request from a connection: head first, then as much of the body as an endpoint asks for. */
export class RequestReader {
  readonly #socket: Socket;
  readonly #chunks: AsyncIterator<Buffer>;
  #buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#chunks = socket.iterator({ destroyOnReturn: false });
  }

  /** Reads the head; a client that doesn't send one in time gets no answer. */
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
   * @param length from Content-Length; without it the body counts as empty, however it is sent
   * @throws Failure if the client ends before all of it came
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
