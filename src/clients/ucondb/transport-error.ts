import { messageOf } from '../../errors.ts';
import { errorCode } from '../../system-error.ts';

/** How an exchange failed. `refused`: nothing was sent. `broken`: what the server made of it is unknown. */
export type TransportFailure = 'refused' | 'certificate' | 'broken';

/** A request that got no whole answer. */
export class TransportError extends Error {
  readonly failure: TransportFailure;

  constructor(failure: TransportFailure, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'TransportError';
    this.failure = failure;
  }
}

const NOT_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Tells from what undici or a socket threw how far the exchange had come. */
export function transportError(error: unknown): TransportError {
  if (error instanceof TransportError) return error;
  const code = errorCode(error) ?? '';
  const text = messageOf(error) || code;
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|HOSTNAME_MISMATCH/.test(code)) {
    return new TransportError('certificate', text, error);
  }
  // A connection on which something was sent can end with the codes of one that can't be made.
  const wasOpen =
    error instanceof Error && 'syscall' in error && (error.syscall === 'read' || error.syscall === 'write');
  return new TransportError(NOT_SENT.has(code) && !wasOpen ? 'refused' : 'broken', text, error);
}
