/** Why no server could be reached, in the words of the operating system, TLS and the driver. */

import { MongoError } from 'mongodb';
import type { ErrorFault } from '../../errors.ts';

/** What is wrong with an operation, whether trying again may help, and whose fault it is. */
export interface OperationFault {
  readonly advice: string;
  readonly retryable: boolean;
  readonly fault: ErrorFault;
}

const TLS_CODE =
  /^(?:ERR_(?:TLS|SSL|OSSL)|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|EPROTO$)/;
/** No single words, which host names may contain. */
const TLS_TEXT = /bad decrypt|wrong version number|PEM routines|self[- ]signed certificate/i;
const ENDED_TEXT = /before secure TLS connection was established|^connection .* closed$/;
const NEW_SOCKET_TEXT = /^Socket (?:'\w+' timed out|closed) after .*connect/;
const DNS_CODE = /^(?:ENOTFOUND|EAI_AGAIN|ENODATA|ESERVFAIL|ETIMEOUT|EREFUSED|ENONAME)$/;
const SOCKET_CODE = /^(?:ECONN|EHOST|ENET|ETIMEDOUT|EPIPE|EADDRNOTAVAIL)/;
/** Those of them that a connection gives which does not come about. */
const NOT_CONNECTED = /^(?:ECONNREFUSED|EHOST|ENET|EADDRNOTAVAIL)/;
const MOST_CAUSES = 10;
const NO_ANSWER =
  'no server answers; check that it runs and that host and port in artdaq_db.database_uri are right';

/**
 * The fault if the error is about reaching a server; undefined if it is about something else. Where no connection came about,
 * it is the site's; a connection that ends after something was sent may have ended because of that.
 */
export function connectionFault(error: unknown): OperationFault | undefined {
  const causes = [...causesOf(error)];
  const fault = causes.map(faultOfOne).find((found) => found !== undefined);
  const selection = causes.find(({ name }) => name === 'MongoServerSelectionError');
  if (selection === undefined && !causes.some(isOfNewConnection)) return fault;
  if (fault !== undefined) return { ...fault, fault: 'site' };
  return selection !== undefined && isWithoutPrimary(selection)
    ? { advice: 'the replica set has no primary at the moment', retryable: true, fault: 'site' }
    : { advice: NO_ANSWER, retryable: true, fault: 'site' };
}

/** Did a connection of the driver fail before it was used for anything? */
function isOfNewConnection(error: Error): boolean {
  if (error instanceof MongoError && error.hasErrorLabel('HandshakeError')) return true;
  return NEW_SOCKET_TEXT.test(error.message);
}

function faultOfOne(error: Error): OperationFault | undefined {
  if (error.name === 'MongoCompatibilityError') {
    return {
      advice: 'the server is too old, or too new, for the MongoDB driver of this program',
      retryable: false,
      fault: 'site',
    };
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (TLS_CODE.test(code) || (error.name !== 'MongoServerError' && TLS_TEXT.test(error.message))) {
    return {
      advice:
        'no TLS connection comes about; check the certificates (tlsCAFile, tlsCertificateKeyFile in artdaq_db.database_uri, or ' +
        'ARTDAQ_DATABASE_CA_CERT and ARTDAQ_DATABASE_CLIENT_CERT) and that both sides use TLS',
      retryable: false,
      fault: 'site',
    };
  }
  if (DNS_CODE.test(code)) {
    return {
      advice: 'the host name is not known; check artdaq_db.database_uri and DNS',
      retryable: true,
      fault: 'site',
    };
  }
  if (error.name !== 'MongoServerError' && ENDED_TEXT.test(error.message)) {
    return {
      advice:
        'the server ended the connection; check that it runs and, where TLS is used, that both sides use it and the server ' +
        'trusts the client certificate (ARTDAQ_DATABASE_CLIENT_CERT)',
      retryable: true,
      fault: 'unknown',
    };
  }
  if (SOCKET_CODE.test(code)) {
    return { advice: NO_ANSWER, retryable: true, fault: NOT_CONNECTED.test(code) ? 'site' : 'unknown' };
  }
  return undefined;
}

/** The error, what the driver found out about each server, and what these were caused by; the innermost first. */
function* causesOf(error: unknown, depth = 0): Generator<Error> {
  if (!(error instanceof Error) || depth > MOST_CAUSES) return;
  for (const inner of [error.cause, ...serverErrors(error)]) yield* causesOf(inner, depth + 1);
  if (error instanceof AggregateError) for (const inner of error.errors) yield* causesOf(inner, depth + 1);
  yield error;
}

function serverErrors(error: Error): unknown[] {
  const servers = topologyOf(error)?.servers;
  return servers instanceof Map ? [...servers.values()].map((server) => server?.error) : [];
}

function isWithoutPrimary(error: Error): boolean {
  return topologyOf(error)?.type === 'ReplicaSetNoPrimary';
}

function topologyOf(error: Error): { readonly servers?: unknown; readonly type?: unknown } | undefined {
  const reason = 'reason' in error ? error.reason : undefined;
  return typeof reason === 'object' && reason !== null ? reason : undefined;
}
