import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A request on its way through the proxy. */
export interface ProxiedRequest {
  /** Request line and headers. */
  readonly head: string;
  /** The connection to the client; nothing of the body is read until asked for. */
  readonly client: Socket;
  /** Sends head and body on. @param bodyBytes all, if absent; else so many, and then a broken connection */
  forward(bodyBytes?: number): Promise<Buffer>;
  /** Answers with these bytes and ends the connection. */
  answer(bytes: Buffer | string): void;
  /** Breaks the connection to the client. */
  reset(): void;
}

/** What to do with a request; undefined: pass it on as it is. */
export type Script = (head: string) => ((request: ProxiedRequest) => void | Promise<void>) | undefined;

export interface FaultProxy {
  readonly url: string;
  /** Heads of the requests so far. */
  readonly heads: string[];
  close(): Promise<void>;
}

/** A proxy in front of a server that misbehaves as a script says. */
export async function startFaultProxy(
  targetUrl: string,
  script: Script = () => undefined,
): Promise<FaultProxy> {
  const target = new URL(targetUrl);
  const heads: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    sockets.add(client);
    client.on('error', () => client.destroy());
    client.once('close', () => sockets.delete(client));
    void serve(client).catch(() => client.destroy());
  });

  async function serve(client: Socket): Promise<void> {
    let received = Buffer.alloc(0);
    while (!received.includes('\r\n\r\n')) {
      const [chunk] = (await once(client, 'data')) as [Buffer];
      received = Buffer.concat([received, chunk]);
    }
    client.pause();
    const headBytes = received.indexOf('\r\n\r\n') + 4;
    const head = received.toString('latin1', 0, headBytes);
    heads.push(head);
    const request: ProxiedRequest = {
      head,
      client,
      forward: (bodyBytes) => forward(client, received, headBytes, bodyBytes),
      answer: (bytes) => void client.end(bytes),
      reset: () => void client.resetAndDestroy(),
    };
    const act = script(head);
    if (act === undefined) client.end(await request.forward());
    else await act(request);
  }

  async function forward(
    client: Socket,
    received: Buffer,
    headBytes: number,
    limit?: number,
  ): Promise<Buffer> {
    const length = Number(
      /^content-length: (\d+)/im.exec(received.toString('latin1', 0, headBytes))?.[1] ?? 0,
    );
    const wanted = headBytes + (limit ?? length);
    const upstream = connect(Number(target.port), target.hostname);
    sockets.add(upstream);
    upstream.once('close', () => sockets.delete(upstream));
    const answer: Buffer[] = [];
    upstream.on('data', (chunk) => answer.push(chunk)).on('error', () => upstream.destroy());
    let sent = 0;
    const send = (bytes: Buffer): void => {
      const part = bytes.subarray(0, wanted - sent);
      sent += part.length;
      upstream.write(part);
    };
    const closed = once(upstream, 'close');
    send(received);
    client.resume();
    while (sent < wanted) send(((await once(client, 'data')) as [Buffer])[0]);
    if (limit !== undefined) upstream.destroySoon();
    await closed;
    return Buffer.concat(answer);
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${target.pathname}`,
    heads,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
