/** Why no server could be reached, in the words of the operating system, TLS and the driver. */

/** What is wrong, and whether trying again may help. */
export interface ConnectionFault {
  readonly advice: string;
  readonly retryable: boolean;
}

const TLS_CODE =
  /^(?:ERR_(?:TLS|SSL|OSSL)|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|EPROTO$)/;
/** No single words, which host names may contain. */
const TLS_TEXT = /bad decrypt|wrong version number|PEM routines|self[- ]signed certificate/i;
const ENDED_TEXT = /before secure TLS connection was established|^connection .* closed$/;
const DNS_CODE = /^(?:ENOTFOUND|EAI_AGAIN|ENODATA|ESERVFAIL|ETIMEOUT|EREFUSED|ENONAME)$/;
const SOCKET_CODE = /^(?:ECONN|EHOST|ENET|ETIMEDOUT|EPIPE|EADDRNOTAVAIL)/;
const MOST_CAUSES = 10;

/** The fault if the error is about reaching a server; undefined if it is about something else. */
export function connectionFault(error: unknown): ConnectionFault | undefined {
  const causes = [...causesOf(error)];
  const fault = causes.map(faultOfOne).find((found) => found !== undefined);
  if (fault !== undefined) return fault;
  const selection = causes.find(({ name }) => name === 'MongoServerSelectionError');
  if (selection === undefined) return undefined;
  return isWithoutPrimary(selection)
    ? { advice: 'the replica set has no primary at the moment', retryable: true }
    : {
        advice:
          'no server answers; check that it runs and that host and port in artdaq_db.database_uri are right',
        retryable: true,
      };
}

function faultOfOne(error: Error): ConnectionFault | undefined {
  if (error.name === 'MongoCompatibilityError') {
    return {
      advice: 'the server is too old, or too new, for the MongoDB driver of this program',
      retryable: false,
    };
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (TLS_CODE.test(code) || (error.name !== 'MongoServerError' && TLS_TEXT.test(error.message))) {
    return {
      advice:
        'no TLS connection comes about; check the certificates (tlsCAFile, tlsCertificateKeyFile in artdaq_db.database_uri, or ' +
        'ARTDAQ_DATABASE_CA_CERT and ARTDAQ_DATABASE_CLIENT_CERT) and that both sides use TLS',
      retryable: false,
    };
  }
  if (DNS_CODE.test(code)) {
    return { advice: 'the host name is not known; check artdaq_db.database_uri and DNS', retryable: true };
  }
  if (error.name !== 'MongoServerError' && ENDED_TEXT.test(error.message)) {
    return {
      advice:
        'the server ended the connection; check that it runs and, where TLS is used, that both sides use it and the server ' +
        'trusts the client certificate (ARTDAQ_DATABASE_CLIENT_CERT)',
      retryable: true,
    };
  }
  if (SOCKET_CODE.test(code)) {
    return {
      advice:
        'no server answers; check that it runs and that host and port in artdaq_db.database_uri are right',
      retryable: true,
    };
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
