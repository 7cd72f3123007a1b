import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** What a {@link ForwardProxy} does with a request: passes it on, or what a proxy may do instead; a number is a status. */
export type ProxyBehaviour = 'pass-on' | 'close' | 'hang' | number;

/** A request that came to a {@link ForwardProxy}. */
export interface ProxiedLine {
  readonly method: string;
  /** As sent: an absolute address, or host and port of a CONNECT. */
  readonly target: string;
  readonly authorization: string | undefined;
  readonly headers: IncomingMessage['headers'];
}

/** A real HTTP proxy on loopback, as squid is one: takes absolute addresses, and CONNECT. */
export class ForwardProxy {
  readonly lines: ProxiedLine[] = [];
  behaviour: ProxyBehaviour = 'pass-on';
  /** `user:password` that it wants; nobody's if undefined. */
  login: string | undefined;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  static async start(): Promise<ForwardProxy> {
    const proxy = new ForwardProxy();
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  private constructor() {
    this.#server = createServer();
    this.#server.on('connection', (socket: Socket) => this.#keep(socket));
    this.#server.on('request', (incoming, response) => {
      const behaviour = this.#note(incoming);
      if (behaviour === 'close') incoming.socket.destroy();
      if (typeof behaviour === 'number')
        response.writeHead(behaviour, headersOf(behaviour)).end(page(behaviour));
      if (behaviour !== 'pass-on') return;
      const { 'proxy-authorization': _, ...headers } = incoming.headers;
      const onward = request(
        incoming.url ?? '',
        { method: incoming.method, headers, agent: false },
        (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        },
      );
      onward.on('error', () => response.writeHead(503).end(page(503)));
      incoming.pipe(onward);
    });
    this.#server.on('connect', (incoming, socket: Socket) => {
      const behaviour = this.#note(incoming);
      if (behaviour === 'close') socket.destroy();
      if (typeof behaviour === 'number') {
        const headers = Object.entries(headersOf(behaviour)).map(([name, value]) => `${name}: ${value}\r\n`);
        socket.end(`HTTP/1.1 ${behaviour} No\r\n${headers.join('')}\r\n${page(behaviour)}`);
      }
      if (behaviour !== 'pass-on') return;
      const [host = '', port] = incoming.url?.split(':') ?? [];
      const onward = connect(Number(port), host);
      this.#keep(onward);
      onward.once('connect', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        socket.pipe(onward).pipe(socket);
      });
      onward.once('error', () => socket.end(`HTTP/1.1 503 No\r\n\r\n${page(503)}`));
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #note({ method = '', url: target = '', headers }: IncomingMessage): ProxyBehaviour {
    const authorization = headers['proxy-authorization'];
    this.lines.push({ method, target, authorization, headers });
    const wanted = this.login && `Basic ${Buffer.from(this.login).toString('base64')}`;
    return wanted === undefined || wanted === authorization ? this.behaviour : 407;
  }
}

function headersOf(status: number): Record<string, string> {
  return {
    'Content-Type': 'text/html',
    Connection: 'close',
    'Content-Length': String(page(status).length),
    ...(status === 407 ? { 'Proxy-Authenticate': 'Basic realm="proxy"' } : {}),
  };
}

function page(status: number): string {
  return `<html><head><title>ERROR: The requested URL could not be retrieved</title></head><body><h1>ERROR</h1>${status} ${'sorry '.repeat(200)}</body></html>`;
}
