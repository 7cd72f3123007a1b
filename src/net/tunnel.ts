import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction, Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { HttpProxy } from './proxy.ts';

/** How a proxy is connected to. */
export interface TunnelOptions {
  /** Ends the attempt. */
  readonly signal: AbortSignal;
  readonly lookup?: LookupFunction;
  /** For a proxy that is itself reached by TLS. */
  readonly tls?: { readonly secureContext: SecureContext; readonly rejectUnauthorized: boolean };
}

/** A proxy that did not connect us to the server. */
export class TunnelError extends Error {
  /** The HTTP status of its answer. */
  readonly status: number;

  constructor(authority: string, { statusCode = 0, statusMessage = '' }: IncomingMessage) {
    const advice = statusCode === 403 ? ' (its administrators must allow CONNECT to that port)' : '';
    super(`the proxy does not connect to ${authority}: ${statusCode} ${statusMessage}${advice}`);
    this.name = 'TunnelError';
    this.status = statusCode;
  }
}

/**
 * Opens a connection to a server through a proxy (CONNECT).
 * @param authority host and port of the server
 * @throws TunnelError if the proxy refuses; system errors if it can't be reached
 */
export async function openTunnel(
  proxy: HttpProxy,
  authority: string,
  { signal, lookup, tls }: TunnelOptions,
): Promise<Socket> {
  const request = (proxy.isSecure ? httpsRequest : httpRequest)({
    ...tls,
    host: proxy.hostname,
    port: proxy.port,
    method: 'CONNECT',
    path: authority,
    headers: {
      host: authority,
      ...(proxy.authorization === undefined ? {} : { 'proxy-authorization': proxy.authorization }),
    },
    agent: false,
    signal,
    ...(lookup === undefined ? {} : { lookup }),
  });
  request.end();
  const [answer, socket] = (await once(request, 'connect')) as [IncomingMessage, Socket];
  if (answer.statusCode === 200) return socket;
  socket.destroy();
  throw new TunnelError(authority, answer);
}
