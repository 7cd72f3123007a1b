import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { isWork } from './mongo-responder/script.ts';
import { readRequest, takeMessages } from './mongo-responder/wire.ts';

/**
 * Stands between one client and a MongoDB server, and holds every command of the client's work until a test lets it pass, so
 * that a test decides on the order in which the commands of several clients reach the server, and where one dies.
 */
export class MongoGate {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #held: { readonly name: string; readonly send: () => void }[] = [];
  readonly #waiting: (() => void)[] = [];
  #isDead = false;
  #answered: (() => void) | undefined;

  private constructor(port: number) {
    this.#server = createServer((client) => this.#serve(client, connect(port, '127.0.0.1')));
  }

  /** @param host `127.0.0.1:port` of the server */
  static async start(host: string): Promise<MongoGate> {
    const gate = new MongoGate(Number(host.split(':')[1]));
    gate.#server.listen(0, '127.0.0.1');
    await once(gate.#server, 'listening');
    return gate;
  }

  /** Where the client connects to. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Waits until the client sent a command. */
  async held(): Promise<void> {
    if (this.#held.length === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Lets the oldest command through, and waits for its answer. @returns the command's name */
  async pass(): Promise<string | undefined> {
    const answered = new Promise<void>((resolve) => {
      this.#answered = resolve;
    });
    const oldest = this.#held.shift();
    oldest?.send();
    await answered;
    return oldest?.name;
  }

  /** The client is gone from now on; what is held never reaches the server. */
  kill(): void {
    this.#isDead = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.kill();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  #serve(client: Socket, server: Socket): void {
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.once('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    if (this.#isDead) {
      client.destroy();
      return;
    }
    let received: Buffer = Buffer.alloc(0);
    let isWorking = false;
    client.on('data', (chunk: Buffer) => {
      const { messages, rest } = takeMessages(Buffer.concat([received, chunk]));
      received = rest;
      for (const message of messages) {
        const [name = ''] = Object.keys(readRequest(message).command);
        if (!isWork(name)) server.write(message);
        else {
          const send = (): void => {
            isWorking = true;
            server.write(message);
          };
          this.#held.push({ name, send });
          for (const resolve of this.#waiting.splice(0)) resolve();
        }
      }
    });
    let answer: Buffer = Buffer.alloc(0);
    server.on('data', (chunk: Buffer) => {
      const { messages, rest } = takeMessages(Buffer.concat([answer, chunk]));
      answer = rest;
      client.write(chunk);
      if (!isWorking || messages.length === 0) return;
      isWorking = false;
      this.#answered?.();
    });
  }
}
