import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** What a {@link LineReceiver} does with a connection. */
export type ReceiverBehaviour =
  /** As Carbon: reads to the end, then closes. */
  | 'accept'
  /** Reads to the end, and never closes. */
  | 'keep-open'
  /** Closes after the first bytes, by a reset, and drops what comes after. */
  | 'cut'
  /** Neither reads nor closes. */
  | 'hang';

/** A real TCP server on loopback that takes lines as Carbon's plaintext port does, or not. */
export class LineReceiver {
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #text = '';

  private constructor(behaviour: ReceiverBehaviour) {
    const options = { pauseOnConnect: behaviour === 'hang', allowHalfOpen: behaviour === 'keep-open' };
    this.#server = createServer(options, (socket) => {
      this.connections++;
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => this.#sockets.delete(socket));
      if (behaviour === 'hang') return;
      if (behaviour === 'cut') socket.once('data', () => socket.resetAndDestroy());
      else socket.setEncoding('utf8').on('data', (text: string) => (this.#text += text));
    });
  }

  static async start(behaviour: ReceiverBehaviour = 'accept', address = '127.0.0.1'): Promise<LineReceiver> {
    const receiver = new LineReceiver(behaviour);
    receiver.#server.listen(0, address);
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The lines that came, whole ones only. */
  get lines(): string[] {
    return this.#text.split('\n').slice(0, -1);
  }

  /** The values that came, by name. */
  get values(): Map<string, number[]> {
    const values = new Map<string, number[]>();
    for (const line of this.lines) {
      const [name = '', value] = line.split(' ');
      values.set(name, [...(values.get(name) ?? []), Number(value)]);
    }
    return values;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
