import { describe, expect, it } from 'vitest';
import type { Environment } from '../../../src/environment.ts';
import { ConfigurationError } from '../../../src/errors.ts';
import { proxyAddresses, proxyFor } from '../../../src/net/proxy.ts';

function proxyOf(server: string, env: Environment): string | undefined {
  return proxyFor(new URL(server), env)?.shown;
}

describe('the proxy', () => {
  it.each<[string, Environment, string | undefined]>([
    ['http://u/app', {}, undefined],
    ['http://u/app', { http_proxy: 'http://p:3128' }, 'http://p:3128 (http_proxy)'],
    ['http://u/app', { HTTP_PROXY: 'http://p:3128' }, 'http://p:3128 (HTTP_PROXY)'],
    ['http://u/app', { https_proxy: 'http://p:3128' }, undefined],
    ['https://u/app', { https_proxy: 'http://p:3128' }, 'http://p:3128 (https_proxy)'],
    ['https://u/app', { HTTPS_PROXY: 'https://p' }, 'https://p (HTTPS_PROXY)'],
    ['https://u/app', { all_proxy: 'p:3128' }, 'http://p:3128 (all_proxy)'],
    ['http://u/app', { ALL_PROXY: 'p' }, 'http://p (ALL_PROXY)'],
    ['http://u/app', { all_proxy: 'http://a:1', http_proxy: 'http://p:3128' }, 'http://p:3128 (http_proxy)'],
    [
      'http://u/app',
      { HTTP_PROXY: 'http://upper:1', http_proxy: 'http://lower:2' },
      'http://lower:2 (http_proxy)',
    ],
    ['http://u/app', { HTTP_PROXY: 'http://upper:1', http_proxy: '' }, undefined],
    ['http://u/app', { http_proxy: '', all_proxy: 'http://a:1' }, 'http://a:1 (all_proxy)'],
    ['http://u/app', { http_proxy: 'http://me:phrase@p:3128/' }, 'http://p:3128 (http_proxy)'],
    ['http://u/app', { http_proxy: 'http://[::1]:3128' }, 'http://[::1]:3128 (http_proxy)'],
  ])('for %s with %j is %s', (server, env, proxy) => {
    expect(proxyOf(server, env)).toBe(proxy);
  });

  it('has an address, a port and a login', () => {
    expect(proxyFor(new URL('http://u'), { http_proxy: 'http://me:p%40ss%zz@[::1]:3128' })).toMatchObject({
      hostname: '::1',
      port: 3128,
      isSecure: false,
      authorization: `Basic ${Buffer.from('me:p@ss%zz').toString('base64')}`,
    });
    expect(proxyFor(new URL('http://u'), { http_proxy: 'https://p' })).toMatchObject({
      port: 443,
      isSecure: true,
    });
    expect(proxyFor(new URL('http://u'), { http_proxy: 'p' })).toMatchObject({
      port: 80,
      authorization: undefined,
    });
  });

  it.each(['socks5://p:1080', 'http://me:phr#ase@p', 'http://', 'http://p:port'])(
    'must be one for HTTP: %s',
    (http_proxy) => {
      const look = () => proxyFor(new URL('http://u'), { http_proxy });
      expect(look).toThrow(ConfigurationError);
      expect(look).toThrow(/^the environment variable http_proxy must name a HTTP proxy/);
      expect(look).not.toThrow(/phr/);
    },
  );
});

describe('no_proxy', () => {
  const isExcepted = (server: string, list: Environment): boolean =>
    proxyOf(server, { all_proxy: 'http://p', ...list }) === undefined;

  // As requests 2.34 with the urllib of Python decides.
  it.each([
    ['http://ucondb.site.org:8080/app', '*'],
    ['http://ucondb.site.org:8080/app', 'ucondb.site.org'],
    ['http://ucondb.site.org:8080/app', 'other, ucondb.site.org:8080'],
    ['http://ucondb.site.org:8080/app', 'site.org'],
    ['http://ucondb.site.org:8080/app', '.site.org'],
    ['http://ucondb.site.org:8080/app', 'SITE.org'],
    ['http://ucondb.site.org:8080/app', 'a,,  .site.org ,b'],
    ['http://10.1.2.3/app', '10.1.2.3'],
    ['http://10.1.2.3/app', '10.1.0.0/16'],
    ['http://10.1.2.3/app', '.2.3'],
    ['http://[fe80::1]:8080/app', 'fe80::1'],
  ])('keeps %s from the proxy with %s', (server, list) => {
    expect(isExcepted(server, { no_proxy: list })).toBe(true);
    expect(isExcepted(server, { NO_PROXY: list })).toBe(true);
  });

  it.each([
    ['http://ucondb.site.org:8080/app', ''],
    ['http://ucondb.site.org:8080/app', 'localhost,*'],
    ['http://ucondb.site.org:8080/app', '*.site.org'],
    ['http://ucondb.site.org:8080/app', 'ucondb.site.org:9443'],
    ['http://ucondb.site.org:8080/app', 'ucondb'],
    ['http://myucondb/app', 'ucondb'],
    ['http://10.1.2.3/app', '10.2.0.0/16'],
    ['http://10.1.2.3/app', '10.1.0.0/0'],
    ['http://10.1.2.3/app', '0.1.2.3'],
    ['http://10.1.2.3:8080/app', '10.1.2.3:8080'],
    ['http://localhost:8080/app', '127.0.0.0/8'],
  ])('does not keep %s from the proxy with %j', (server, list) => {
    expect(isExcepted(server, { no_proxy: list })).toBe(false);
  });

  it('counts in lower case first', () => {
    expect(isExcepted('http://u/app', { no_proxy: 'u', NO_PROXY: 'other' })).toBe(true);
    expect(isExcepted('http://u/app', { no_proxy: 'other', NO_PROXY: 'u' })).toBe(false);
  });
});

it('the addresses of proxies include the passwords, for those who hide them', () => {
  expect(proxyAddresses({ http_proxy: 'me:phrase@p', HTTPS_PROXY: 'http://q', NO_PROXY: 'x' })).toEqual([
    'http://me:phrase@p',
    'http://q',
  ]);
});
