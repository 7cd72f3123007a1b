import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A ping as it came. */
export interface ReceivedPing {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly body: string;
  readonly authorization: string | undefined;
}

/** How a {@link PingServer} answers: with a status, or never. */
export type PingAnswer = number | 'hang';

/** A real HTTP server on loopback that takes the pings of a health check. */
export class PingServer {
  readonly pings: ReceivedPing[] = [];
  readonly #server: Server;

  private constructor(answer: (target: string) => PingAnswer) {
    this.#server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.once('end', () => {
        const { method = '', url: target = '', headers } = request;
        this.pings.push({ method, target, body, authorization: headers.authorization });
        const status = answer(target);
        if (status !== 'hang') response.writeHead(status).end('OK');
      });
    });
  }

  static async start(answer: (target: string) => PingAnswer = () => 200): Promise<PingServer> {
    const server = new PingServer(answer);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get targets(): string[] {
    return this.pings.map(({ target }) => target);
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}
