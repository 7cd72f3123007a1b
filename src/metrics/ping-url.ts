const paths = { start: '/start', success: '', failure: '/fail' } as const;

/** What a health check is told. */
export type Ping = keyof typeof paths;

/** The address for a ping: the path of the check's address is extended, a query stays behind it. */
export function pingUrl(checkUrl: string, ping: Ping): URL {
  const url = new URL(checkUrl);
  if (ping !== 'success') url.pathname = url.pathname.replace(/\/*$/, '') + paths[ping];
  return url;
}
