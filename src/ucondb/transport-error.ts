import { messageOf } from '../errors.ts';
import { TunnelError } from '../net/proxied-request.ts';
import { errorCode } from '../system-error.ts';

/**
 * How an exchange failed. `refused`: there was no connection, so nothing was sent. `certificate`: the same, because the server's
 * certificate is not trusted. `proxy-login`: the same, because a proxy wants another login. `broken`: what the server made of the
 * request is unknown. `stopped`: the same, because we gave it up.
 */
export type TransportFailure = 'refused' | 'certificate' | 'broken' | 'stopped' | 'proxy-login';

/** A request did not get a complete answer. */
export class TransportError extends Error {
  readonly failure: TransportFailure;

  constructor(failure: TransportFailure, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'TransportError';
    this.failure = failure;
  }
}

/** The error for a connection that could not be made, whatever the reason: no request was sent on it. */
export function connectionError(error: unknown): TransportError {
  if (error instanceof TransportError) return error;
  if (error instanceof TunnelError && error.status === 407) {
    return new TransportError('proxy-login', error.message, error);
  }
  const isCertificate = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|HOSTNAME_MISMATCH/.test(errorCode(error) ?? '');
  return new TransportError(isCertificate ? 'certificate' : 'refused', wordsOf(error), error);
}

/** The error for an exchange that failed on a connection. */
export function exchangeError(error: unknown): TransportError {
  return error instanceof TransportError ? error : new TransportError('broken', wordsOf(error), error);
}

/** A host with several addresses fails with one error for each, and without a message of its own. */
function wordsOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(', ');
  return messageOf(error) || (errorCode(error) ?? 'unknown reason');
}
