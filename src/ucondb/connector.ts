import { once } from 'node:events';
import { isIP, isIPv6, type Socket, connect as tcpConnect } from 'node:net';
import { createSecureContext, rootCertificates, type SecureContext, connect as tlsConnect } from 'node:tls';
import type { buildConnector } from 'undici';
import { ConfigurationError, messageOf } from '../errors.ts';
import { readRegularFileSync } from '../files/regular-file.ts';
import { openTunnel } from '../net/proxied-request.ts';
import type { HttpProxy } from '../net/proxy.ts';
import { connectionError, TransportError } from './transport-error.ts';

/** Which servers are trusted. */
export interface TlsOptions {
  /** False: any certificate is accepted. */
  readonly verify: boolean;
  /** PEM file of private certificate authorities, trusted besides the public ones. */
  readonly caFile: string | undefined;
}

/** Who waits for a connection. */
export interface ConnectionWatcher {
  /** Ends the attempt to connect. */
  readonly signal: AbortSignal;
  /** There is a connection: a request that fails from now on may have reached the server. */
  connected(): void;
}

/** Opens connections to one server, or to the proxy before it. */
export class Connector {
  readonly #proxy: HttpProxy | undefined;
  readonly #tls: { readonly secureContext: SecureContext; readonly rejectUnauthorized: boolean };

  /** @throws ConfigurationError if `caFile` can't be read or used */
  constructor({ verify, caFile }: TlsOptions, proxy: HttpProxy | undefined) {
    const ca = caFile === undefined ? {} : { ca: [...rootCertificates, readCertificates(caFile)] };
    this.#proxy = proxy;
    this.#tls = {
      // Made once, as reading all public authorities takes a while.
      secureContext: createSecureContext(ca),
      rejectUnauthorized: verify,
    };
  }

  /**
   * Opens one connection for the HTTP client of one exchange. Every failure is a {@link TransportError} that says that nothing
   * was sent. The client can't connect again by itself: it would do so endlessly where connections are closed at once.
   */
  forExchange(watcher: ConnectionWatcher): buildConnector.connector {
    let isUsed = false;
    return (target, callback) => {
      if (isUsed) {
        callback(new TransportError('broken', 'the connection was closed before the request was sent'), null);
        return;
      }
      isUsed = true;
      this.#open(target, watcher.signal).then(
        (socket) => {
          watcher.connected();
          repairLineEnds(socket);
          callback(null, socket);
        },
        (error: unknown) => callback(connectionError(error), null),
      );
    };
  }

  async #open({ protocol, hostname, port }: buildConnector.Options, signal: AbortSignal): Promise<Socket> {
    const server = { host: hostname, port: Number(port) || (protocol === 'https:' ? 443 : 80) };
    const proxy = this.#proxy;
    if (protocol !== 'https:') {
      if (proxy === undefined) return await this.#connected(tcpConnect(server), 'connect', signal);
      const first = { host: proxy.hostname, port: proxy.port };
      return proxy.isSecure
        ? await this.#secured(first, signal)
        : await this.#connected(tcpConnect(first), 'connect', signal);
    }
    if (proxy === undefined) return await this.#secured(server, signal);
    const host = isIPv6(hostname) ? `[${hostname}]` : hostname;
    const socket = await openTunnel(proxy, `${host}:${server.port}`, { signal, tls: this.#tls });
    return await this.#secured({ ...server, socket }, signal);
  }

  async #secured(
    target: { readonly host: string; readonly port: number; readonly socket?: Socket },
    signal: AbortSignal,
  ): Promise<Socket> {
    const socket = tlsConnect({
      ...this.#tls,
      ...target,
      servername: isIP(target.host) === 0 ? target.host : '',
      ALPNProtocols: ['http/1.1'],
    });
    return await this.#connected(socket, 'secureConnect', signal);
  }

  async #connected<T extends Socket>(socket: T, event: string, signal: AbortSignal): Promise<T> {
    socket.setNoDelay(true);
    try {
      await once(socket, event, { signal });
      return socket;
    } catch (error) {
      socket.on('error', () => undefined).destroy();
      throw error;
    }
  }
}

function readCertificates(path: string): string {
  let text: string;
  try {
    text = String(readRegularFileSync(path));
  } catch (error) {
    throw new ConfigurationError(`ucon_db.ca_file: can't read ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  try {
    createSecureContext({ ca: text });
  } catch (error) {
    throw new ConfigurationError(
      `ucon_db.ca_file: ${path} holds no usable certificate: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
  if (!text.includes('-----BEGIN CERTIFICATE-----')) {
    throw new ConfigurationError(`ucon_db.ca_file: ${path} holds no PEM certificate`);
  }
  return text;
}

const STATUS_LINE = /^HTTP\/1\.[01] \d{3}[^\r\n]*\n/;

/**
 * webpie's own answers (400, 404 outside the prefix, 503 when overloaded) end their lines with a bare LF, which undici's
 * parser refuses. Such an answer is a head without a body in one packet, so only the first piece needs to be looked at.
 */
function repairLineEnds(socket: Socket): void {
  const read = socket.read;
  socket.read = (size?: number) => {
    const piece: unknown = read.call(socket, size);
    if (!Buffer.isBuffer(piece)) return piece;
    socket.read = read;
    const text = piece.toString('latin1');
    return STATUS_LINE.test(text) ? Buffer.from(text.replace(/\n/g, '\r\n'), 'latin1') : piece;
  };
}
