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
