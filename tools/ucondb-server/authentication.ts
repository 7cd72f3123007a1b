import { timingSafeEqual } from 'node:crypto';
import { digestResponse } from '../../src/ucondb/digest.ts';
import { type Answer, signed, textAnswer } from './answer.ts';
import { type EndpointRequest, SERVER_VERSION, type ServerContext } from './endpoint.ts';
import { Failure } from './failure.ts';

/**
 * Checks the digest of a request. As in the original, any nonce and count are taken, the uri need not be the request's, and
 * the header is cut at every comma.
 * @returns undefined if it is good, else the answer: 401, with a challenge only if there was no digest at all
 * @throws Failure if a part of the digest is missing, and for the signature scheme, which the original can't check
 */
export function authenticate(
  context: ServerContext,
  request: EndpointRequest,
  realm: string,
  isKnownRealm: boolean,
): Answer | undefined {
  if (request.headers.has('x-ucondb-authenticator')) {
    throw new Failure('TypeError', 'Strings must be encoded before hashing');
  }
  const digest = /^digest\s+(.*)/i.exec(request.headers.get('authorization') ?? '')?.[1];
  if (digest === undefined) {
    const nonce = Buffer.from(String(Math.floor(Date.now() / 1000))).toString('base64');
    return refusal([
      ['WWW-Authenticate', `Digest realm="${realm}", nonce="b'${nonce}'", algorithm=MD5, qop="auth"`],
    ]);
  }
  const parts = readParts(digest);
  const part = (name: string): string => {
    const value = parts.get(name);
    if (value === undefined) throw new Failure('KeyError', `'${name}'`);
    return value;
  };
  if (part('username') !== context.user || !isKnownRealm) return refusal();
  const uri = part('uri');
  const nonce = part('nonce');
  const [nc, cnonce] = [part('nc'), part('cnonce')];
  part('qop');
  const expected = digestResponse(
    { realm, nonce, opaque: undefined, algorithm: 'MD5', stale: false, qopAuth: true },
    { method: request.method, uri, user: context.user, password: context.password, cnonce, nc },
  );
  return isEqual(expected, part('response')) ? undefined : refusal();
}

function readParts(digest: string): Map<string, string> {
  const parts = new Map<string, string>();
  for (const word of digest.split(/,\s*/)) {
    const match = /^(\S+?)\s*=\s*("?)(.*)\2/.exec(word);
    if (match !== null) parts.set(match[1] ?? '', match[3] ?? '');
  }
  return parts;
}

function refusal(extra: Answer['headers'] = []): Answer {
  return signed(textAnswer('Authorization required', 401), SERVER_VERSION, extra);
}

function isEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
