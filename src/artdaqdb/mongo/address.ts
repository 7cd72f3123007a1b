import { userInfoOf } from '../../net/user-info.ts';

/** Replaces a user name or password in a message. */
const HIDDEN = '…';
/** A shorter secret may be part of ordinary words, so it is hidden only where it is a whole word. */
const LEAST_LENGTH = 4;

const HOST = /(?:\[[^\]/?#@]*\]|[^/?#@:,[\]]+)(?::\d+)?/.source;
/** A well-formed URI: scheme, user and password, hosts and database, options. */
const WELL_FORMED = new RegExp(
  `^([^:]*://)(?:([^/?#@]*)@)?(${HOST}(?:,${HOST})*(?:/[^?#@]*)?)(?:\\?(.*))?$`,
  's',
);

/** A `mongodb://` or `mongodb+srv://` URI, and what to show of it. */
export interface MongoAddress {
  /** For the driver: without options about where to read, because only a primary knows what is stored. */
  readonly uri: string;
  /** Scheme, hosts and database. */
  readonly location: string;
  /** Names of the options in the URI, in lower case: MongoDB ignores case. */
  readonly options: ReadonlySet<string>;
  /** Does the URI turn TLS on or off? `mongodb+srv` turns it on. */
  readonly tls: boolean | undefined;
  readonly hasUser: boolean;
  /** The text without user name and password, as written and decoded, and without options that may be secret. */
  hide(text: string): string;
}

interface UriParts {
  readonly scheme: string;
  /** User name and password, each as written and decoded. */
  readonly secrets: readonly string[];
  /** Hosts and database. */
  readonly place: string;
  readonly query: string;
}

/** Takes a URI apart. Whether MongoDB accepts it turns out when it is used. */
export function mongoAddress(uri: string): MongoAddress {
  const { scheme, secrets, place, query } = partsOf(uri);
  const options = new URLSearchParams(query);
  const hidden = [...secrets, ...secretOptions(options)]
    .filter((text) => text !== '')
    .sort((one, other) => other.length - one.length);
  return {
    uri: withoutReadPreference(uri, query),
    location: scheme + place,
    options: new Set([...options.keys()].map((name) => name.toLowerCase())),
    tls: tlsOf(scheme, options),
    hasUser: secrets.length > 0,
    hide: (text) => hidden.reduce(hideOne, text.replaceAll(uri, scheme + place)),
  };
}

function withoutReadPreference(uri: string, query: string): string {
  const kept = query
    .split('&')
    .filter((option) => !/^(?:readPreference(?:Tags)?|maxStalenessSeconds)=/i.test(option));
  return query === '' ? uri : uri.slice(0, -query.length) + kept.join('&');
}

function partsOf(uri: string): UriParts {
  const [isWellFormed, scheme = '', user, place = '', query = ''] = WELL_FORMED.exec(uri) ?? [];
  if (isWellFormed !== undefined) return { scheme, secrets: secretsOf(user ?? ''), place, query };
  // Whatever may be a badly escaped password counts as one.
  const [, scheme2 = '', rest = ''] = /^([^:]*:\/\/)(.*)$/s.exec(uri) ?? [];
  const [behind = '', options = ''] = splitAt(rest.slice(rest.lastIndexOf('@') + 1), '?');
  return { scheme: scheme2, secrets: userInfoOf(uri).flatMap(secretsOf), place: behind, query: options };
}

function secretsOf(userInfo: string): string[] {
  const [user, password] = splitAt(userInfo, ':');
  return [userInfo, user, password].flatMap((text) => [text, decoded(text)]).filter((text) => text !== '');
}

function tlsOf(scheme: string, options: URLSearchParams): boolean | undefined {
  const written = [...options].find(([name]) => /^(?:tls|ssl)$/i.test(name))?.[1];
  if (written !== undefined) return written === 'true';
  return scheme === 'mongodb+srv://' ? true : undefined;
}

/** E.g. `authMechanismProperties=AWS_SESSION_TOKEN:…` and `tlsCertificateKeyFilePassword`. */
function secretOptions(options: URLSearchParams): string[] {
  return [...options]
    .filter(([name]) => /password|authmechanismproperties/i.test(name))
    .flatMap(([, value]) => [value, encodeURIComponent(value)]);
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
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (codes) =>
    Buffer.from(codes.replaceAll('%', ''), 'hex').toString(),
  );
}
