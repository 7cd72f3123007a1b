import { MongoNetworkError } from 'mongodb';
import { expect, it } from 'vitest';
import { connectionFault } from '../../../../src/artdaqdb/mongo/faults.ts';

/** As the driver passes on what a socket, the name service or TLS said. */
function networkError(code: string | undefined, message: string): Error {
  const cause = Object.assign(new Error(message), code === undefined ? {} : { code });
  return new MongoNetworkError(message, { cause });
}

it.each([
  ['ENOTFOUND', 'getaddrinfo ENOTFOUND daq', /host name/, true],
  ['EAI_AGAIN', 'getaddrinfo EAI_AGAIN daq', /host name/, true],
  ['ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:27017', /no server answers/, true],
  [
    'ECONNRESET',
    'Client network socket disconnected before secure TLS connection was established',
    /TLS/,
    true,
  ],
  ['CERT_HAS_EXPIRED', 'certificate has expired', /certificates/, false],
  ['ERR_TLS_CERT_ALTNAME_INVALID', "IP: 127.0.0.1 is not in the cert's list", /certificates/, false],
  ['ERR_OSSL_PEM_NO_START_LINE', 'error:0480006C:PEM routines::no start line', /certificates/, false],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'wrong version number', /TLS/, false],
  [undefined, 'connection <monitor> to 127.0.0.1:27017 closed', /ended the connection/, true],
])('tells what %s is about', (code, message, advice, retryable) => {
  const fault = connectionFault(networkError(code, message));
  expect(fault?.advice).toMatch(advice);
  expect(fault?.retryable).toBe(retryable);
});

it.each(['tls.example', 'ssl-db.example', 'certificate.example', 'pem'])(
  'does not take the host name %s for a fault of TLS',
  (host) => {
    expect(connectionFault(networkError('ENOTFOUND', `getaddrinfo ENOTFOUND ${host}`))?.advice).toMatch(
      /host name/,
    );
    expect(
      connectionFault(networkError(undefined, `connection 1 to ${host}:27017 timed out`)),
    ).toBeUndefined();
  },
);

it.each([
  ['ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:27017', 'site'],
  ['EHOSTUNREACH', 'connect EHOSTUNREACH 10.0.0.1:27017', 'site'],
  ['ENOTFOUND', 'getaddrinfo ENOTFOUND daq', 'site'],
  ['CERT_HAS_EXPIRED', 'certificate has expired', 'site'],
  [undefined, "Socket 'connect' timed out after 1000ms (connectTimeoutMS: 1000)", 'site'],
  [undefined, 'Socket closed after 3 during connection establishment', 'site'],
  ['ECONNRESET', 'read ECONNRESET', 'unknown'],
  ['EPIPE', 'write EPIPE', 'unknown'],
  ['ETIMEDOUT', 'read ETIMEDOUT', 'unknown'],
  [undefined, 'connection 4 to 127.0.0.1:27017 closed', 'unknown'],
])("is the site's fault only if no connection came about: %s, %s", (code, message, fault) => {
  expect(connectionFault(networkError(code, message))?.fault).toBe(fault);
});

it.each(['read ECONNRESET', 'connection 4 to 127.0.0.1:27017 closed'])(
  "is the site's fault if a connection is just being opened: %s",
  (message) => {
    const error = new MongoNetworkError(message, {
      cause: Object.assign(new Error(message), { code: 'ECONNRESET' }),
    });
    error.addErrorLabel('HandshakeError');
    expect(connectionFault(error)?.fault).toBe('site');
  },
);
