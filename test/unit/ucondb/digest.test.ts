import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  authorizationHeader,
  digestResponse,
  offeredSchemes,
  parseChallenge,
} from '../../../src/ucondb/digest.ts';
import { readTranscript } from '../../helpers/ucondb-transcript.ts';

function challengeOf(header: string) {
  const challenge = parseChallenge(header);
  if (challenge === undefined) throw new Error(`no challenge: ${header}`);
  return challenge;
}

describe('the digest response', () => {
  const rfc2617 = {
    method: 'GET',
    uri: '/dir/index.html',
    user: 'Mufasa',
    password: 'Circle Of Life',
    cnonce: '0a4f113b',
    nc: '00000001',
  };
  const rfc7616 = {
    ...rfc2617,
    password: 'Circle of Life',
    cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
  };
  const nonce7616 = 'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", realm="http-auth@example.org"';

  it.each([
    [
      'RFC 2617, 3.5',
      'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"',
      rfc2617,
      '6629fae49393a05397450978507c4ef1',
    ],
    [
      'RFC 2069 (erratum 749)',
      'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"',
      { ...rfc2617, password: 'CircleOfLife' },
      '1949323746fe6a43ef61f9606e7febea',
    ],
    [
      'RFC 7616, MD5',
      `Digest ${nonce7616}, qop="auth, auth-int", algorithm=MD5`,
      rfc7616,
      '8ca523f5e9506fed4657c9700eebdbec',
    ],
    [
      'RFC 7616, SHA-256',
      `Digest ${nonce7616}, qop="auth, auth-int", algorithm=SHA-256`,
      rfc7616,
      '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
    ],
  ])('matches %s', (_, header, request, response) => {
    expect(digestResponse(challengeOf(header), request)).toBe(response);
  });

  it('depends on nonce and cnonce through the session key with MD5-sess', () => {
    const plain = challengeOf('Digest realm="r", nonce="n", algorithm=MD5, qop="auth"');
    const session = challengeOf('Digest realm="r", nonce="n", algorithm="md5-sess", qop="auth"');
    expect(session.algorithm).toBe('MD5-sess');
    expect(digestResponse(session, rfc2617)).not.toBe(digestResponse(plain, rfc2617));
  });

  it('is what the server took in every recorded request', () => {
    const directory = new URL('../../fixtures/golden/ucondb/', import.meta.url).pathname;
    let checked = 0;
    for (const name of readdirSync(directory).filter((file) => file.endsWith('.http'))) {
      for (const { requestHead, statusLine } of readTranscript(join(directory, name))) {
        const sent = requestHead.find((line) => /^authorization: digest/i.test(line));
        if (sent === undefined || !statusLine.includes(' 200 ')) continue;
        const part = (key: string): string => new RegExp(`\\b${key}="?([^",]*)`).exec(sent)?.[1] ?? '';
        const challenge = {
          realm: part('realm'),
          nonce: part('nonce'),
          opaque: undefined,
          algorithm: 'MD5',
          stale: false,
          qopAuth: true,
        } as const;
        const request = {
          method: requestHead[0]?.split(' ')[0] ?? '',
          uri: part('uri'),
          user: 'archiver',
          password: 'secret',
          cnonce: part('cnonce'),
          nc: part('nc'),
        };
        expect(digestResponse(challenge, request), name).toBe(part('response'));
        checked++;
      }
    }
    expect(checked).toBeGreaterThan(30);
  });
});

describe('a digest challenge', () => {
  it("is read with the nonce as UconDB sends it, quotes and b'' included", () => {
    expect(
      challengeOf(`Digest realm="ucon_prd.test01", nonce="b'MTc5NTUxNTE2MQ=='", algorithm=MD5, qop="auth"`),
    ).toEqual({
      realm: 'ucon_prd.test01',
      nonce: "b'MTc5NTUxNTE2MQ=='",
      opaque: undefined,
      algorithm: 'MD5',
      stale: false,
      qopAuth: true,
    });
  });

  it('may have any order, spacing and case, tokens instead of strings, and commas and quotes in strings', () => {
    expect(
      challengeOf(
        String.raw`digest  QOP=auth ,nonce=abc,  Realm = "a \"b\", \\c" , stale=FALSE,opaque="o,p"`,
      ),
    ).toEqual({
      realm: String.raw`a "b", \c`,
      nonce: 'abc',
      opaque: 'o,p',
      algorithm: 'MD5',
      stale: false,
      qopAuth: true,
    });
  });

  it.each([
    ['another scheme', 'Basic realm="x"'],
    ['no nonce', 'Digest realm="x"'],
    ['no realm', 'Digest nonce="x"'],
    ['another algorithm', 'Digest realm="x", nonce="y", algorithm=SHA-512-256'],
    ['only auth-int', 'Digest realm="x", nonce="y", qop="auth-int"'],
    ['an open string', 'Digest realm="x", nonce="y'],
    ['rubbish', 'Digest realm="x" nonce="y"'],
    ['nothing', ''],
  ])('does not exist in %s', (_, header) => {
    expect(parseChallenge(header)).toBeUndefined();
  });

  it.each([
    ['after another', 'Basic realm="a, b", Digest realm="r", nonce="n", qop="auth"'],
    ['before another', 'Digest realm="r", nonce="n", qop="auth", Basic realm="x"'],
    ['after one without parameters', 'Negotiate, Digest realm="r", nonce="n", qop="auth"'],
    [
      'after a scheme with a token',
      'Negotiate YIIJvwYGKwYBBQUCoIIJszCCCa+=, Digest realm="r",nonce="n",qop="auth"',
    ],
    [
      'after a scheme that we do not know',
      'Digest realm="r", nonce="x", algorithm=SHA-512-256, Digest realm="r", nonce="n", qop=auth',
    ],
    ['after empty elements', ', ,Digest realm="r", nonce="n", qop="auth",'],
  ])('is found among others: %s', (_, header) => {
    expect(challengeOf(header)).toMatchObject({ realm: 'r', nonce: 'n', algorithm: 'MD5', qopAuth: true });
  });

  it.each([
    ['Basic realm="x", Negotiate', ['Basic', 'Negotiate']],
    ['Digest realm="x", nonce="y", algorithm=SHA-512-256, NTLM', ['Digest (SHA-512-256)', 'NTLM']],
    ['Negotiate YIIJvw==', ['Negotiate']],
    ['', []],
    ['"', []],
  ])('has its scheme named, as all that %j offers', (header, schemes) => {
    expect(offeredSchemes(header)).toEqual(schemes);
  });

  it('is read correctly whatever realm and nonce hold', () => {
    const text = fc.string({ unit: 'grapheme-ascii' });
    fc.assert(
      fc.property(text, text, (realm, nonce) => {
        const quote = (value: string) => `"${value.replace(/["\\]/g, '\\$&')}"`;
        const challenge = challengeOf(`Digest nonce=${quote(nonce)}, qop="auth", realm=${quote(realm)}`);
        expect(challenge).toMatchObject({ realm, nonce });
      }),
    );
  });
});

describe('the authorization header', () => {
  const request = {
    method: 'POST',
    uri: '/app/data?key=1',
    user: 'a "b"',
    password: 'secret',
    cnonce: 'c',
    nc: '0000000a',
  };

  it('quotes what needs quotes, and never holds the password', () => {
    const header = authorizationHeader(
      challengeOf('Digest realm="r", nonce="n", qop="auth", opaque="o"'),
      request,
    );
    expect(header).toMatch(
      /^Digest username="a \\"b\\"", realm="r", nonce="n", uri="\/app\/data\?key=1", algorithm=MD5, response="[0-9a-f]{32}", qop=auth, nc=0000000a, cnonce="c", opaque="o"$/,
    );
  });

  it('has no qop, nc and cnonce in the legacy form', () => {
    const header = authorizationHeader(challengeOf('Digest realm="r", nonce="n"'), request);
    expect(header).not.toMatch(/qop|nc=|cnonce/);
  });
});
