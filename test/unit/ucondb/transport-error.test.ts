import { expect, it } from 'vitest';
import { connectionError, exchangeError } from '../../../src/ucondb/transport-error.ts';

const failed = (code: string): Error => Object.assign(new Error('gone'), { code });

it.each([
  ['ECONNREFUSED', 'refused'],
  ['EHOSTUNREACH', 'refused'],
  ['ENOTFOUND', 'refused'],
  ['ETIMEDOUT', 'refused'],
  ['ECONNRESET', 'refused'],
  ['EMFILE', 'refused'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'refused'],
  ['CERT_HAS_EXPIRED', 'certificate'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'certificate'],
])('%s while connecting means: %s', (code, failure) => {
  expect(connectionError(failed(code)).failure).toBe(failure);
});

it.each(['EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'ECONNRESET'])(
  '%s on a connection leaves the outcome unknown',
  (code) => {
    expect(exchangeError(failed(code)).failure).toBe('broken');
  },
);

it('the error of a host names the errors of all its addresses', () => {
  const error = new AggregateError([
    new Error('connect ECONNREFUSED ::1:1'),
    new Error('connect ECONNREFUSED 127.0.0.1:1'),
  ]);
  expect(connectionError(error).message).toBe('connect ECONNREFUSED ::1:1, connect ECONNREFUSED 127.0.0.1:1');
});
