import { once } from 'node:events';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import { type SecureContext, connect as tlsConnect } from 'node:tls';
import { urlToHttpOptions } from 'node:url';
import { withoutBrackets } from './host-lookup.ts';
import { type HttpProxy, loginAdvice } from './proxy.ts';

/** How to connect to a proxy. */
export interface TunnelOptions {
  /** Ends the attempt. */
  readonly signal: AbortSignal;
  readonly lookup?: LookupFunction;
  /** For a connection to the proxy that uses TLS. */
  readonly tls?: { readonly secureContext: SecureContext; readonly rejectUnauthorized: boolean };
}

/** The proxy did not connect us to the server. */
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

/** What Node's own requests are made with. */
export interface ProxiedRequestOptions {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly lookup: LookupFunction;
  /** Ends the request, even while it connects. */
  readonly signal: AbortSignal;
}

/**
 * Prepares a request that goes through a proxy, without a pool of connections. A proxy wants the whole address in place of the
 * path, or (https) it makes the connection that TLS then runs on.
 * @returns a function that begins the request
 * @throws Error if the proxy does not make that connection; system errors if it can't be reached
 */
export async function prepareThrough(
  proxy: HttpProxy,
  url: URL,
  options: ProxiedRequestOptions,
): Promise<() => ClientRequest> {
  if (url.protocol === 'https:') {
    const socket = await openTunnel(proxy, `${url.hostname}:${url.port || 443}`, options).catch(
      (error: unknown) => {
        throw error instanceof TunnelError && error.status === 407 ? new Error(loginAdvice(proxy)) : error;
      },
    );
    const servername = isIP(withoutBrackets(url.hostname)) === 0 ? url.hostname : '';
    return () =>
      httpsRequest(url, { ...options, createConnection: () => tlsConnect({ socket, servername }) });
  }
  const { authorization, hostname, port, isSecure } = proxy;
  const login = authorization === undefined ? {} : { 'proxy-authorization': authorization };
  const { auth, path } = urlToHttpOptions(url);
  const sent: RequestOptions = {
    ...options,
    ...(auth === undefined ? {} : { auth }),
    hostname,
    port,
    path: `${url.origin}${path}`,
    headers: { ...options.headers, ...login, host: url.host },
    agent: false,
  };
  return () => (isSecure ? httpsRequest(sent) : httpRequest(sent));
}
