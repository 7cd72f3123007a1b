/**
 * A server so many milliseconds away, there and back: `delay-proxy <host:port> <milliseconds>`. Prints its own address.
 * Connecting takes one way more, as the client's first bytes wait for the handshake. Windows of TCP are left out: a large
 * blob takes one way here, several ways in a real network.
 */
import { createConnection, createServer, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';

const [target = '', milliseconds = ''] = process.argv.slice(2);
const [host = '', port = ''] = target.split(':');
const roundTrip = Number(milliseconds);

/** Passes on bytes and the end, in order. @param connected when the first byte may leave */
function passOn(from: Socket, to: Socket, connected: number): void {
  let last: Promise<unknown> = Promise.resolve();
  const later = (work: () => void) => {
    const arrival = Math.max(performance.now(), connected) + roundTrip / 2;
    last = last.then(() => setTimeout(arrival - performance.now())).then(work);
  };
  from.on('data', (bytes) => later(() => to.write(bytes)));
  from.on('end', () => later(() => to.end()));
  from.on('error', () => to.destroy());
}

const server = createServer({ allowHalfOpen: true }, (client) => {
  const upstream = createConnection({ host, port: Number(port), allowHalfOpen: true });
  client.setNoDelay();
  upstream.setNoDelay();
  passOn(client, upstream, performance.now() + roundTrip);
  passOn(upstream, client, 0);
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') console.log(`http://127.0.0.1:${address.port}/`);
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit());
