import { type ClientRequest, request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { urlToHttpOptions } from 'node:url';
import { withoutBrackets } from './host-name.ts';
import { type HttpProxy, loginAdvice } from './proxy.ts';
import { openTunnel, TunnelError } from './tunnel.ts';

/** What a request is made with, as Node's own ones are. */
export interface ProxiedRequestOptions {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly lookup: LookupFunction;
  /** Ends all that is under way, even connecting. */
  readonly signal: AbortSignal;
}

/**
 * Prepares a request that goes through a proxy, without a pool of connections. A proxy wants the whole address in place of the path,
 * or (https) makes the connection that TLS then runs on.
 * @returns what begins the request
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
