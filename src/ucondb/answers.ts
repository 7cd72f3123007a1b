import { z } from 'zod';
import { type ArchiverError, ConfigurationError, NotYetError, UconDbError } from '../errors.ts';
import { type HttpProxy, loginAdvice } from '../net/proxy.ts';
import { errorCode } from '../system-error.ts';
import { type DigestChallenge, offeredSchemes, parseChallenge } from './digest.ts';
import type { TransportAnswer } from './transport.ts';
import type { TransportError } from './transport-error.ts';

const versionMetadata = z.object({
  /** A version has none once another one took its key. */
  key: z.string().nullable(),
  /** Bytes. */
  data_size: z.number().int().nonnegative(),
  /** Made unsigned: old releases of the server stored it signed. */
  adler32: z
    .number()
    .int()
    .transform((sum) => sum >>> 0),
});

/** What UconDB says of a version, as far as we need it. */
export type VersionMetadata = z.infer<typeof versionMetadata>;

/** An answer whose body was read as text. */
export interface TextAnswer {
  readonly status: number;
  readonly text: string;
  /** The ways to log in that the server offers. */
  readonly challenges: readonly string[];
  readonly redirect: string | undefined;
}

/** Failure pages and metadata are a few kB; what is longer is cut. */
const TEXT_BYTES = 256 * 1024;

/** Reads an answer that should be short. */
export async function readTextAnswer(answer: TransportAnswer): Promise<TextAnswer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer.chunks) {
    parts.push(chunk);
    bytes += chunk.length;
    if (bytes >= TEXT_BYTES) break;
  }
  return {
    status: answer.status,
    text: Buffer.concat(parts).toString('utf8'),
    challenges: answer.headers('www-authenticate'),
    redirect: answer.header('location'),
  };
}

/** Reads a version's metadata; undefined if the text is something else. */
export function parseMetadata(text: string): VersionMetadata | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return versionMetadata.safeParse(value).data;
}

/**
 * The server's own words in a failure page: UconDB's headline, else the title or heading of a page that something in between
 * made, else the beginning of the text. The status is left out, as messages show it anyway.
 */
function explanation({ text, status }: TextAnswer): string {
  const isPage = /<html|<!doctype html/i.test(text);
  const [, headline] =
    /<h3>([\s\S]*?)<\/h3>/.exec(text) ??
    /<title>([\s\S]*?)<\/title>/i.exec(text) ??
    /<h1[^>]*>([\s\S]*?)<\/h1>/i.exec(text) ??
    [];
  const words = (headline ?? text)
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  const shown = words.replace(new RegExp(`^(?:HTTP )?(?:Error )?${status}\\b[\\s:-]*`, 'i'), '');
  const length = isPage ? 100 : 300;
  return shown.length > length ? `${shown.slice(0, length)}...` : shown;
}

/** True if a 500 says that the key is taken (by a check before, or by a put that was faster). */
export function saysKeyIsTaken(answer: TextAnswer): boolean {
  return answer.status === 500 && /already exists/i.test(answer.text);
}

/** True if a 500 says that a tv is no number: the server let us in and continued with the parameters. */
export function saysBadTv(answer: TextAnswer): boolean {
  return answer.status === 500 && /could not convert string to float/i.test(answer.text);
}

/** True if a 404 says that the server has no such folder, object or version. */
export function saysNotFound(answer: TextAnswer, what: 'folder' | 'object' | 'version'): boolean {
  if (answer.status !== 404) return false;
  // Nothing more than this: "Object not found!" begins the page of an Apache that knows nothing of UconDB.
  return new RegExp(`^${what}(?: \\S+)? not found$`, 'i').test(explanation(answer));
}

/** The challenge of a 401; undefined for other answers, and if the server demands what we can't do. */
export function challengeOf(answer: TextAnswer): DigestChallenge | undefined {
  if (answer.status !== 401) return undefined;
  return answer.challenges.map(parseChallenge).find((challenge) => challenge !== undefined);
}

/** True if a server that is busy did nothing but answer. */
export function isBusy(answer: TextAnswer): boolean {
  return answer.status === 503 || answer.status === 429;
}

/** What was asked, for messages. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly folder: string;
  /** Size of the body that was sent. */
  readonly bytes: number;
  /** The proxy in between, as messages name it. */
  readonly proxy: HttpProxy | undefined;
}

/** A request as messages name it. */
export function describeRequest({ method, url, proxy }: Asked): string {
  return `UconDB: ${method} ${url}${proxy === undefined ? '' : ` through the proxy ${proxy.shown}`}`;
}

/** The error for an answer that is of no use. */
export function answerError(asked: Asked, answer: TextAnswer): ArchiverError {
  const { status } = answer;
  const words = explanation(answer);
  const what = `${describeRequest(asked)}: ${status}${words === '' ? '' : ` ${words}`}`;
  if (status === 401) return loginError(what, answer);
  if (status === 407 && asked.proxy !== undefined)
    return new ConfigurationError(`${what}: ${loginAdvice(asked.proxy)}`);
  if (saysNotFound(answer, 'folder')) {
    return new ConfigurationError(`${what}: check ucon_db.folder_name ('${asked.folder}')`);
  }
  if (saysNotFound(answer, 'object') || saysNotFound(answer, 'version')) return new UconDbError(what);
  if (status === 404) {
    return new ConfigurationError(
      `${what}: no UconDB under this prefix; check ucon_db.server_url (it ends in /app)`,
    );
  }
  if (status === 405) {
    return new ConfigurationError(`${what}: the server takes no uploads; check ucon_db.server_url`);
  }
  if (status >= 300 && status < 400) {
    return new ConfigurationError(
      `${what}: the server sends us to ${answer.redirect}; check ucon_db.server_url`,
    );
  }
  if (status === 413) {
    return new UconDbError(
      `${what}: the blob has ${asked.bytes} bytes; ask the administrators of the server, and of the proxies before it, to accept ` +
        'requests of that size',
    );
  }
  const retryable = status >= 500 || status === 429 || status === 408;
  const advice = retryable
    ? 'try again later; if it lasts, ask the administrators of the server'
    : 'unexpected answer';
  return new UconDbError(`${what}: ${advice}`, { retryable });
}

function loginError(what: string, { challenges }: TextAnswer): ArchiverError {
  const offered = challenges.flatMap(offeredSchemes);
  if (offered.length > 0 && challenges.every((header) => parseChallenge(header) === undefined)) {
    return new ConfigurationError(
      `${what}: the server offers these ways to log in: ${offered.join(', ')}; the archiver knows Digest (MD5, SHA-256) alone, as ` +
        'UconDB wants it; check ucon_db.server_url, and ask the administrators what stands before the server',
    );
  }
  return new ConfigurationError(
    `${what}: not accepted; check ucon_db.writer_user, ucon_db.writer_password and that the user may write to this folder`,
  );
}

/** The error for a request without a complete answer. */
export function unansweredError(asked: Asked, error: TransportError): ArchiverError {
  const { proxy } = asked;
  const what = `${describeRequest(asked)}: ${error.message}`;
  if (error.failure === 'stopped') return new NotYetError(what, { cause: error });
  if (error.failure === 'certificate') {
    return new ConfigurationError(`${what}: ${certificateAdvice(errorCode(error.cause) ?? '')}`, {
      cause: error,
    });
  }
  if (error.failure === 'proxy-login' && proxy !== undefined) {
    return new ConfigurationError(`${what}: ${loginAdvice(proxy)}`, { cause: error });
  }
  const advice =
    proxy === undefined
      ? 'check that ucon_db.server_url is right and the server is up'
      : `check that ${proxy.variable} and ucon_db.server_url are right and both are up; no_proxy names servers that are asked directly`;
  const fault = error.failure === 'broken' ? 'unknown' : 'site';
  return new UconDbError(`${what}: ${advice}`, { cause: error, retryable: true, fault });
}

function certificateAdvice(code: string): string {
  const remedy = 'ucon_db.ca_file does not help, ucon_db.tls_verify: false takes any certificate';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID' || code === 'HOSTNAME_MISMATCH') {
    return (
      "the server's certificate is for another host name: use that name in ucon_db.server_url, or ask the administrators of the " +
      `server for a certificate with this one; ${remedy}`
    );
  }
  if (code === 'CERT_HAS_EXPIRED') {
    return (
      "the server's certificate has expired: ask the administrators of the server to renew it, and check this host's clock; " +
      remedy
    );
  }
  if (code === 'CERT_NOT_YET_VALID') {
    return (
      "the server's certificate is not valid yet: check this host's clock, else ask the administrators of the server; " +
      remedy
    );
  }
  return (
    "the server's certificate is not trusted; give its authority in ucon_db.ca_file, " +
    'or set ucon_db.tls_verify to false to take any certificate'
  );
}
