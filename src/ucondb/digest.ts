import { createHash } from 'node:crypto';

/** What a server demands in `WWW-Authenticate: Digest ...` (RFC 7616). */
export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  readonly algorithm: 'MD5' | 'MD5-sess' | 'SHA-256' | 'SHA-256-sess';
  /** True if the digest was right and only its nonce no longer counts. */
  readonly stale: boolean;
  /** True if the challenge offers qop=auth; false for the legacy form without qop (RFC 2069). */
  readonly qopAuth: boolean;
}

/** One request that is to be authorized. */
export interface DigestRequest {
  readonly method: string;
  /** The request target as sent: path and query. */
  readonly uri: string;
  readonly user: string;
  readonly password: string;
  readonly cnonce: string;
  /** How often the nonce was used, including this time: eight hexadecimal digits. */
  readonly nc: string;
}

const ALGORITHMS = ['MD5', 'MD5-sess', 'SHA-256', 'SHA-256-sess'] as const;
const SEPARATORS = /[\s,]*/y;
const SCHEME = /([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:\s+[0-9A-Za-z._~+/-]+=*(?=\s*(?:,|$))|(?=[\s,]|$))/y;
const PARAMETER = /\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))\s*(?:,|$)/y;

/** A way to log in that a server offers. */
interface Offer {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * Finds the first Digest challenge that we can answer in a `WWW-Authenticate` value, which may hold several challenges.
 * @returns undefined if there is none, if it is malformed, or if it demands what we can't do (another algorithm, only auth-int)
 */
export function parseChallenge(header: string): DigestChallenge | undefined {
  return readOffers(header)
    .map(digestOf)
    .find((challenge) => challenge !== undefined);
}

/** The schemes that a `WWW-Authenticate` value offers, each with its algorithm if it names one. */
export function offeredSchemes(header: string): string[] {
  return readOffers(header).map(({ scheme, parameters }) => {
    const algorithm = parameters.get('algorithm');
    return algorithm === undefined ? scheme : `${scheme} (${algorithm})`;
  });
}

/** The challenges up to one that is malformed: each a scheme, and either parameters or one token (RFC 9110, 11.6.1). */
function readOffers(header: string): Offer[] {
  const offers: { scheme: string; parameters: Map<string, string> }[] = [];
  let position = 0;
  const match = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = position;
    const found = pattern.exec(header) ?? undefined;
    if (found !== undefined) position = pattern.lastIndex;
    return found;
  };
  for (match(SEPARATORS); position < header.length; match(SEPARATORS)) {
    const current = offers.at(-1);
    const parameter = current && match(PARAMETER);
    if (parameter !== undefined) {
      const [, name = '', quoted, token = ''] = parameter;
      current?.parameters.set(
        name.toLowerCase(),
        quoted === undefined ? token : quoted.replace(/\\(.)/g, '$1'),
      );
      continue;
    }
    const scheme = match(SCHEME)?.[1];
    if (scheme === undefined) return offers.slice(0, -1);
    offers.push({ scheme, parameters: new Map() });
  }
  return offers;
}

function digestOf({ scheme, parameters }: Offer): DigestChallenge | undefined {
  const realm = parameters.get('realm');
  const nonce = parameters.get('nonce');
  const algorithmName = (parameters.get('algorithm') ?? 'MD5').toLowerCase();
  const algorithm = ALGORITHMS.find((known) => known.toLowerCase() === algorithmName);
  const qop = parameters.get('qop');
  const qopAuth = qop?.split(',').some((option) => option.trim().toLowerCase() === 'auth') ?? false;
  if (scheme.toLowerCase() !== 'digest') return undefined;
  if (realm === undefined || nonce === undefined || algorithm === undefined) return undefined;
  if (qop !== undefined && !qopAuth) return undefined;
  const stale = parameters.get('stale')?.toLowerCase() === 'true';
  return { realm, nonce, opaque: parameters.get('opaque'), algorithm, stale, qopAuth };
}

/** The `response` value of RFC 7616 (3.4.1), or of RFC 2069 if the challenge has no qop. */
export function digestResponse(challenge: DigestChallenge, request: DigestRequest): string {
  const hash = (text: string): string =>
    createHash(challenge.algorithm.startsWith('SHA-256') ? 'sha256' : 'md5')
      .update(text, 'utf8')
      .digest('hex');
  const secret = hash(`${request.user}:${challenge.realm}:${request.password}`);
  const a1 = challenge.algorithm.endsWith('-sess')
    ? hash(`${secret}:${challenge.nonce}:${request.cnonce}`)
    : secret;
  const a2 = hash(`${request.method}:${request.uri}`);
  if (!challenge.qopAuth) return hash(`${a1}:${challenge.nonce}:${a2}`);
  return hash(`${a1}:${challenge.nonce}:${request.nc}:${request.cnonce}:auth:${a2}`);
}

/**
 * The `Authorization` value for a request. UconDB cuts this header at every comma, so a comma in `uri` or `user` can't be
 * sent: the caller percent-encodes it in `uri`.
 */
export function authorizationHeader(challenge: DigestChallenge, request: DigestRequest): string {
  const parts = [
    `username=${quote(request.user)}`,
    `realm=${quote(challenge.realm)}`,
    `nonce=${quote(challenge.nonce)}`,
    `uri=${quote(request.uri)}`,
    `algorithm=${challenge.algorithm}`,
    `response="${digestResponse(challenge, request)}"`,
  ];
  if (challenge.qopAuth) parts.push('qop=auth', `nc=${request.nc}`);
  if (challenge.qopAuth || challenge.algorithm.endsWith('-sess'))
    parts.push(`cnonce=${quote(request.cnonce)}`);
  if (challenge.opaque !== undefined) parts.push(`opaque=${quote(challenge.opaque)}`);
  return `Digest ${parts.join(', ')}`;
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
