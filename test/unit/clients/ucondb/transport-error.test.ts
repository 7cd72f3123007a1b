import { expect, it } from 'vitest';
import { transportError } from '../../../../src/clients/ucondb/transport-error.ts';

it.each([
  ['ECONNREFUSED', 'connect', 'refused'],
  ['EHOSTUNREACH', 'connect', 'refused'],
  ['ENOTFOUND', 'getaddrinfo', 'refused'],
  ['UND_ERR_CONNECT_TIMEOUT', undefined, 'refused'],
  ['EHOSTUNREACH', 'read', 'broken'],
  ['ENETUNREACH', 'write', 'broken'],
  ['ECONNRESET', 'read', 'broken'],
])('%s of %s: %s', (code, syscall, failure) => {
  const error = Object.assign(new Error('gone'), { code }, syscall === undefined ? {} : { syscall });
  expect(transportError(error).failure).toBe(failure);
});
