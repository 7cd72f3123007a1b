import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A part of a message, as far as tests look at it. */
export interface PostedBlock {
  readonly type: string;
  readonly text?: { readonly type: string; readonly text: string };
  readonly fields?: readonly { readonly type: string; readonly text: string }[];
}

/** A message that was posted. */
export interface PostedMessage {
  readonly path: string;
  readonly token: string;
  readonly channel: string;
  readonly text: string;
  readonly blocks: readonly PostedBlock[];
}

/** How a post is answered. */
export type SlackAnswer =
  | { readonly kind: 'ok'; readonly body?: object }
  | { readonly kind: 'error'; readonly error: string }
  | { readonly kind: 'rate-limited'; readonly retryAfter: string }
  | { readonly kind: 'raw'; readonly status: number; readonly body: string }
  | { readonly kind: 'hang' }
  | { readonly kind: 'break' };

/** An HTTP server on loopback that speaks `chat.postMessage`. */
export class SlackServer {
  readonly posted: PostedMessage[] = [];
  /** Where clients that take this server for a proxy asked for a tunnel to; they are refused. */
  readonly tunnels: string[] = [];
  answer: SlackAnswer = { kind: 'ok' };
  /** For single methods, such as `auth.test`, in place of that. */
  readonly answers = new Map<string, SlackAnswer>();
  readonly #server: Server;

  static async start(answer: SlackAnswer = { kind: 'ok' }): Promise<SlackServer> {
    const slack = new SlackServer();
    slack.answer = answer;
    slack.#server.listen(0, '127.0.0.1');
    await once(slack.#server, 'listening');
    return slack;
  }

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
    this.#server.on('connect', ({ url = '' }, socket) => {
      this.tunnels.push(url);
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
  }

  /** Base address of the Web API. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/api/`;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const form = new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
    this.posted.push({
      path: request.url ?? '',
      token: (request.headers.authorization ?? '').replace('Bearer ', ''),
      channel: form.get('channel') ?? '',
      text: form.get('text') ?? '',
      blocks: JSON.parse(form.get('blocks') ?? '[]') as PostedBlock[],
    });
    const answer = this.answers.get((request.url ?? '').replace(/^\/api\//, '')) ?? this.answer;
    const json = (status: number, body: object, headers = {}) =>
      response
        .writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
        .end(JSON.stringify(body));
    switch (answer.kind) {
      case 'ok':
        return void json(200, { ok: true, channel: 'C1', ts: '1.2', ...answer.body });
      case 'error':
        return void json(200, { ok: false, error: answer.error });
      case 'rate-limited':
        return void json(429, { ok: false, error: 'ratelimited' }, { 'retry-after': answer.retryAfter });
      case 'raw':
        return void response.writeHead(answer.status, { 'content-type': 'text/html' }).end(answer.body);
      case 'hang':
        return;
      case 'break':
        request.socket.resetAndDestroy();
    }
  }
}
