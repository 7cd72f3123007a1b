import { type ArtdaqDbServices, backendOf } from '../artdaqdb/schemes.ts';
import type { ArchiverConfig } from '../config/archiver-config.ts';
import type { Environment } from '../environment.ts';
import type { Usability } from '../files/directory-access.ts';
import type { Logger } from '../log/logger.ts';
import { expectKnownHost } from '../net/host-lookup.ts';
import { proxyFor } from '../net/proxy.ts';
import { UconDbClient } from '../ucondb/ucondb-client.ts';

/**
 * Looks at the database itself, without the programs that may write it.
 * @param limitMs without an answer after which a server counts as dead
 */
export async function lookAtArtdaqDb(
  databaseUri: string,
  services: ArtdaqDbServices,
  limitMs: number,
  signal: AbortSignal,
): Promise<Usability> {
  const backend = backendOf(databaseUri);
  for (const host of backend.hosts(databaseUri)) {
    await expectKnownHost(host, 'check artdaq_db.database_uri and the name servers', signal);
  }
  return backend.check(databaseUri, services, { limitMs, signal });
}

/**
 * Looks at UconDB's address, folder, object and login; nothing is stored.
 * @param limitMs without an answer after which the server counts as dead
 */
export async function lookAtUconDb(
  uconDb: ArchiverConfig['uconDb'],
  { env, logger }: { readonly env: Environment; readonly logger: Logger },
  limitMs: number,
  signal: AbortSignal,
): Promise<Usability> {
  const { serverUrl, objectName, writerUser, timeoutSeconds, tlsVerify } = uconDb;
  const client = new UconDbClient({
    ...uconDb,
    timeoutSeconds: Math.min(timeoutSeconds, limitMs / 1000),
    logger,
    env,
  });
  const giveUp = (): void => void client.close();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    const server = new URL(serverUrl);
    const proxy = proxyFor(server, env);
    const advice = `check ${proxy?.variable ?? 'ucon_db.server_url'} and the name servers`;
    await expectKnownHost(proxy?.hostname ?? server.hostname, advice, signal);
    const { objectExists, asksForLogin } = await client.check();
    const way = proxy === undefined ? '' : ` (through the proxy ${proxy.shown})`;
    const login = asksForLogin ? `${writerUser} may write` : 'everybody may write';
    const object = `object ${objectName} ${objectExists ? 'exists' : 'will be made by the first run'}`;
    return {
      text: `folder and login are right${way}: ${login}, ${object}`,
      warnings: tlsVerify ? [] : ["the server's certificate is not checked (ucon_db.tls_verify is false)"],
    };
  } finally {
    signal.removeEventListener('abort', giveUp);
    await client.close();
  }
}

/** Names the proxy on the way to the health check, which is not pinged, as that would count. */
export async function lookAtHealthCheck(server: URL, env: Environment): Promise<Usability> {
  const proxy = proxyFor(server, env);
  const way = proxy === undefined ? '' : `; the proxy ${proxy.shown} is in between`;
  return { text: `not pinged, as that would count${way}` };
}
