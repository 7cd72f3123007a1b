import { once } from 'node:events';
import { isIP, type Socket, connect as tcpConnect } from 'node:net';
import { createSecureContext, rootCertificates, type SecureContext, connect as tlsConnect } from 'node:tls';
import type { buildConnector } from 'undici';
import { connectionError, TransportError } from './transport-error.ts';

/** Which servers are trusted. */
export interface TlsOptions {
  /** False: any certificate is taken. */
  readonly verify: boolean;
  /** PEM text of private certificate authorities, trusted besides the public ones. */
  readonly ca: string | undefined;
}

/** Whoever waits for a connection. */
export interface ConnectionWatcher {
  /** Ends the attempt to connect. */
  readonly signal: AbortSignal;
  /** The connection is there; whatever fails from now on may have reached the server. */
  connected(): void;
}

const STATUS_LINE = /^HTTP\/1\.[01] \d{3}[^\r\n]*\n/;

/** Opens connections to one server. */
export class Connector {
  readonly #verify: boolean;
  readonly #context: SecureContext;

  constructor({ verify, ca }: TlsOptions) {
    this.#verify = verify;
    // Made once, as reading all public authorities takes a while.
    this.#context = createSecureContext(ca === undefined ? {} : { ca: [...rootCertificates, ca] });
  }

  /**
   * For the HTTP client of one exchange: opens one connection, with an ear for webpie's own answers. Every failure is a
   * {@link TransportError} that says that nothing was sent. That client may not connect again by itself, which it would do
   * without end where connections are closed as soon as they are made.
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
    const isSecure = protocol === 'https:';
    const address = { host: hostname, port: Number(port) || (isSecure ? 443 : 80) };
    const socket = isSecure
      ? tlsConnect({
          ...address,
          servername: isIP(hostname) === 0 ? hostname : '',
          secureContext: this.#context,
          rejectUnauthorized: this.#verify,
          ALPNProtocols: ['http/1.1'],
        })
      : tcpConnect(address);
    socket.setNoDelay(true);
    try {
      await once(socket, isSecure ? 'secureConnect' : 'connect', { signal });
      return socket;
    } catch (error) {
      socket.on('error', () => undefined).destroy();
      throw error;
    }
  }
}

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
