import type { Socket } from 'node:net';
import { rootCertificates } from 'node:tls';
import { buildConnector } from 'undici';

/** Which servers are trusted. */
export interface TlsOptions {
  /** False: any certificate is taken. */
  readonly verify: boolean;
  /** PEM text of private certificate authorities, trusted besides the public ones. */
  readonly ca: string | undefined;
}

const STATUS_LINE = /^HTTP\/1\.[01] \d{3}[^\r\n]*\n/;

/** Opens connections for undici: own time-out and certificate authorities, and an ear for webpie's own answers. */
export function createConnector(timeoutSeconds: number, tls: TlsOptions): buildConnector.connector {
  const connect = buildConnector({
    timeout: timeoutSeconds * 1000,
    rejectUnauthorized: tls.verify,
    ...(tls.ca === undefined ? {} : { ca: [...rootCertificates, tls.ca] }),
  });
  return (options, callback) =>
    connect(options, (...result) => {
      if (result[0] === null) repairLineEnds(result[1]);
      callback(...result);
    });
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
