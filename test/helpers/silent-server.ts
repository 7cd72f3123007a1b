import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** A server that takes connections and says these bytes, or nothing, and then nothing more. */
export class SilentServer {
  /** Fulfilled when there is a first connection, and when its client has ended it. */
  readonly connected: Promise<void>;
  readonly disconnected: Promise<void>;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  static async start(greeting = ''): Promise<SilentServer> {
    const server = new SilentServer(greeting);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  private constructor(greeting: string) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy()).resume();
      socket.write(greeting);
    });
    const first = once(this.#server, 'connection') as Promise<[Socket]>;
    this.connected = first.then(() => undefined);
    this.disconnected = first.then(([socket]) => new Promise((done) => socket.once('close', () => done())));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }
}
