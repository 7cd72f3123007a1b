import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { Connections } from './connections.ts';
import { DiskStore } from './disk-store.ts';
import type { ServerContext } from './endpoint.ts';
import { PREFIX } from './router.ts';
import type { VersionStore } from './version-store.ts';

/** What a server serves, to whom and where. */
export interface UconDbServerOptions {
  /** Directory that keeps the data; made if missing. */
  readonly data: string;
  /** Made if missing. */
  readonly folders: readonly string[];
  /** May write to all folders. */
  readonly user: string;
  readonly password: string;
  /** Default 0: any free one. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** PEM files; makes it https (TLS 1.2, as the original). */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Takes no uploads. */
  readonly readOnly?: boolean;
  /** Requests under way at once; more are turned away with 503. Default 105, as the original. */
  readonly maxRequests?: number;
  /** Stands between the endpoints and the data on disk. */
  readonly wrapStore?: (store: VersionStore) => VersionStore;
}

/** A server that is listening. */
export interface UconDbServer {
  /** For `ucon_db.server_url`. */
  readonly url: string;
  /** Ends all connections and closes the data. */
  close(): Promise<void>;
}

/** Starts a server that behaves as UconDB 3.9.7 does; fulfilled when it listens. */
export async function startUconDbServer(options: UconDbServerOptions): Promise<UconDbServer> {
  const store = await DiskStore.open(options.data);
  for (const folder of options.folders) await store.createFolder(folder, false);
  const context: ServerContext = {
    store: options.wrapStore?.(store) ?? store,
    namespace: 'ucon_prd',
    readOnly: options.readOnly ?? false,
    user: options.user,
    password: options.password,
  };
  const connections = new Connections(context, options.maxRequests ?? 105);
  const server = listenerFor(options, (socket) => connections.serve(socket));
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  try {
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1');
    await once(server, 'listening');
  } catch (error) {
    await store.close();
    throw error;
  }
  return {
    url: urlOf(server, options),
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
      await connections.idle();
      await store.close();
    },
  };
}

function listenerFor({ tls }: UconDbServerOptions, serve: (socket: Socket) => void): Server {
  if (tls === undefined) return createTcpServer({ allowHalfOpen: true }, serve);
  const [cert, key] = [readFileSync(tls.cert), readFileSync(tls.key)];
  return createTlsServer({ allowHalfOpen: true, cert, key, maxVersion: 'TLSv1.2' }, serve);
}

function urlOf(server: Server, { tls }: UconDbServerOptions): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `${tls === undefined ? 'http' : 'https'}://${host}:${address.port}${PREFIX}`;
}
