import { userInfoOf } from '../../../config/uri.ts';

/** What stands in a message where a user name or password was. */
const HIDDEN = '…';
/** A shorter text also stands inside ordinary words, so it is only hidden where it is a word of its own. */
const LEAST_LENGTH = 4;

/** A `mongodb://` or `mongodb+srv://` URI, and how to speak of it without its secrets. */
export interface MongoAddress {
  readonly uri: string;
  /** Scheme, hosts and database. */
  readonly location: string;
  /** Names of the options in the URI, in lower case, as MongoDB doesn't tell the cases apart. */
  readonly options: ReadonlySet<string>;
  /** Does the URI turn TLS on or off? `mongodb+srv` turns it on. */
  readonly tls: boolean | undefined;
  readonly hasUser: boolean;
  /** The text without user name and password, as written and decoded, and without options that may be secret. */
  hide(text: string): string;
}

/** Takes a URI apart; whether MongoDB accepts it is found out when it is used. */
export function mongoAddress(uri: string): MongoAddress {
  const [, scheme = '', rest = ''] = /^([^:]*:\/\/)(.*)$/s.exec(uri) ?? [];
  const [place = '', query = ''] = splitAt(rest.slice(rest.lastIndexOf('@') + 1), '?');
  const options = new URLSearchParams(query);
  const secrets = [...secretsOf(uri), ...secretOptions(options)].sort(
    (one, other) => other.length - one.length,
  );
  return {
    uri,
    location: scheme + place,
    options: new Set([...options.keys()].map((name) => name.toLowerCase())),
    tls: tlsOf(scheme, options),
    hasUser: secretsOf(uri).length > 0,
    hide: (text) => secrets.reduce(hideOne, text.replaceAll(uri, scheme + place)),
  };
}

function tlsOf(scheme: string, options: URLSearchParams): boolean | undefined {
  const written = [...options].find(([name]) => /^(?:tls|ssl)$/i.test(name))?.[1];
  if (written !== undefined) return written === 'true';
  return scheme === 'mongodb+srv://' ? true : undefined;
}

function secretsOf(uri: string): string[] {
  const userInfo = userInfoOf(uri);
  const [written = ''] = userInfo;
  const [user = ''] = splitAt(written, ':');
  return [...userInfo, user, decoded(user)].filter((text) => text !== '');
}

/** E.g. `authMechanismProperties=AWS_SESSION_TOKEN:…` and `tlsCertificateKeyFilePassword`. */
function secretOptions(options: URLSearchParams): string[] {
  return [...options]
    .filter(([name]) => /password|authmechanismproperties/i.test(name))
    .map(([, value]) => value)
    .filter((value) => value !== '');
}

function hideOne(text: string, secret: string): string {
  if (secret.length >= LEAST_LENGTH) return text.replaceAll(secret, HIDDEN);
  const literal = secret.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return text.replace(new RegExp(`(?<![\\w])${literal}(?![\\w])`, 'g'), HIDDEN);
}

function splitAt(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function decoded(text: string): string {
  return text.replace(/%[0-9a-f]{2}/gi, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
}
