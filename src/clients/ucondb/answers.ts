import { z } from 'zod';
import { type ArchiverError, ConfigurationError, NotYetError, UconDbError } from '../../errors.ts';
import { type DigestChallenge, parseChallenge } from './digest.ts';
import type { TransportAnswer } from './transport.ts';
import type { TransportError } from './transport-error.ts';

const versionMetadata = z.object({
  /** Versions whose key was taken by another one have none. */
  key: z.string().nullable(),
  /** Bytes. */
  data_size: z.number().int().nonnegative(),
  /** Made unsigned: old releases of the server stored it signed. */
  adler32: z
    .number()
    .int()
    .transform((sum) => sum >>> 0),
});

/** What UconDB says of a version, as far as we need it (all fields: the protocol's data model). */
export type VersionMetadata = z.infer<typeof versionMetadata>;

/** An entry of a listing. */
export const listedVersion = z.object({ key: z.string().nullable(), object: z.string().optional() });

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
export async function textAnswer(answer: TransportAnswer): Promise<TextAnswer> {
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

/** Reads a version's metadata; undefined if the text is none. */
export function parseMetadata(text: string): VersionMetadata | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return versionMetadata.safeParse(value).data;
}

/** The server's own words in a failure page: its headline, else the beginning of the text. */
function explanation(text: string): string {
  const headline = /<h3>([\s\S]*?)<\/h3>/.exec(text)?.[1] ?? text.replace(/<[^>]*>/g, ' ');
  const words = headline.replace(/\s+/g, ' ').trim();
  return words.length > 300 ? `${words.slice(0, 300)}...` : words;
}

/** True if a 500 says that the key is taken (by a check before, or by a put that was faster). */
export function saysKeyIsTaken(answer: TextAnswer): boolean {
  return answer.status === 500 && /already exists/i.test(answer.text);
}

/** True if a 500 says that a tv is no number: the server let us in and went on to read the parameters. */
export function saysBadTv(answer: TextAnswer): boolean {
  return answer.status === 500 && /could not convert string to float/i.test(answer.text);
}

/** True if a 404 says that the server has no such folder, object or version. */
export function saysNotFound(answer: TextAnswer, what: 'folder' | 'object' | 'version'): boolean {
  if (answer.status !== 404) return false;
  // Nothing more than this: "Object not found!" begins the page of an Apache that knows nothing of UconDB.
  return new RegExp(`^${what}(?: \\S+)? not found$`, 'i').test(explanation(answer.text));
}

/** The challenge of a 401; undefined if the answer is none, or demands what we can't do. */
export function challengeOf(answer: TextAnswer): DigestChallenge | undefined {
  if (answer.status !== 401) return undefined;
  return answer.challenges.map(parseChallenge).find((challenge) => challenge !== undefined);
}

/** True for an answer that was given without doing anything. */
export function isBusy(answer: TextAnswer): boolean {
  return answer.status === 503 || answer.status === 429;
}

/** What was asked, for messages: method, address and folder. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly folder: string;
}

/** A request as messages name it. */
export function describeRequest({ method, url }: Asked): string {
  return `UconDB: ${method} ${url}`;
}

/** The error for an answer that is not the one hoped for. */
export function answerError(asked: Asked, answer: TextAnswer): ArchiverError {
  const { status, text } = answer;
  const words = explanation(text);
  const what = `${describeRequest(asked)}: ${status}${words === '' ? '' : ` ${words}`}`;
  if (status === 401) {
    return new ConfigurationError(
      `${what}: not accepted; check ucon_db.writer_user, ucon_db.writer_password and that the user may write to this folder`,
    );
  }
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
  const retryable = status >= 500 || status === 429 || status === 408;
  const advice = retryable
    ? 'try again later; if it lasts, ask the administrators of the server'
    : 'unexpected answer';
  return new UconDbError(`${what}: ${advice}`, { retryable });
}

/** The error for a request that got no whole answer. */
export function unansweredError(asked: Asked, error: TransportError): ArchiverError {
  const what = `${describeRequest(asked)}: ${error.message}`;
  if (error.failure === 'stopped') return new NotYetError(what, { cause: error });
  if (error.failure === 'certificate') {
    return new ConfigurationError(
      `${what}: the server's certificate is not trusted; give its authority in ucon_db.ca_file, ` +
        'or set ucon_db.tls_verify to false to take any certificate',
      { cause: error },
    );
  }
  const advice = 'check that ucon_db.server_url is right and the server is up';
  const fault = error.failure === 'refused' ? 'site' : 'unknown';
  return new UconDbError(`${what}: ${advice}`, { cause: error, retryable: true, fault });
}
