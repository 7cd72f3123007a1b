/** What `database_uri` may be; the path of a FilesystemDB may begin with a variable, which its client expands. */
export const databaseUriForms =
  'filesystemdb:///absolute/path/of/database, or mongodb://user:password@host:port/database (also mongodb+srv://)';

/** Has a text one of the {@link databaseUriForms}? */
export function isDatabaseUri(uri: string): boolean {
  return (
    /^filesystemdb:\/\/(?:\/+[^/\0]|\$)[^\0]*$/.test(uri) ||
    /^mongodb(?:\+srv)?:\/\/[^\s/?#]+\/[^\s/?#]+(?:\?[^\s#]*)?$/.test(uri)
  );
}

/** Does the address name a MongoDB? */
export function isMongoUri(uri: string): boolean {
  return /^mongodb(?:\+srv)?:\/\//.test(uri);
}

/** What `server_url` may be. */
export const serverUrlForms = 'an http or https URL that ends in /app, without user, query and fragment';

/** Has a text the {@link serverUrlForms}? That it ends in /app is only recommended. */
export function isServerUrl(url: string): boolean {
  const parsed = parseHttpUrl(url);
  return parsed !== undefined && `${parsed.username}${parsed.password}${parsed.search}${parsed.hash}` === '';
}

/** What the URL of a health check may be. */
export const pingUrlForms = 'an http or https URL';

/** Has a text the {@link pingUrlForms}? */
export function isHttpUrl(url: string): boolean {
  return parseHttpUrl(url) !== undefined;
}

function parseHttpUrl(url: string): URL | undefined {
  if (!/^https?:\/\/[^\s\\]+$/i.test(url) || !URL.canParse(url)) return undefined;
  return new URL(url);
}

/** The credentials inside an address, as written and percent-decoded; empty if it has none. */
export function userInfoOf(uri: string): string[] {
  const [, userInfo] = /^[a-z+]+:\/\/(.*)@/is.exec(uri) ?? [];
  if (userInfo === undefined) return [];
  const [, password = ''] = /^[^:]*:(.*)$/s.exec(userInfo) ?? [];
  return [userInfo, password, decode(password)].filter((text) => text !== '');
}

function decode(text: string): string {
  return text.replace(/%[0-9a-f]{2}/gi, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
}
