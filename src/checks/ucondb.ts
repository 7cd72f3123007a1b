import type { ArchiverConfig } from '../config/schema.ts';
import type { Environment } from '../environment.ts';
import type { Logger } from '../log/logger.ts';
import { expectKnownHost } from '../net/host-lookup.ts';
import { proxyFor } from '../net/proxy.ts';
import { openUconDb } from '../ucondb/open.ts';
import type { Check, Finding } from './check.ts';

/** The check of UconDB: address, folder, object and login; nothing is stored. */
export function uconDbCheck(
  { uconDb }: ArchiverConfig,
  { env, logger }: { readonly env: Environment; readonly logger: Logger },
  limitMs: number,
): Check {
  const { serverUrl, folderName, objectName, writerUser, timeoutSeconds, tlsVerify } = uconDb;
  const look = async (signal: AbortSignal): Promise<Finding> => {
    const client = openUconDb(
      { ...uconDb, timeoutSeconds: Math.min(timeoutSeconds, limitMs / 1000) },
      { workers: 1, logger, env },
    );
    const giveUp = (): void => void client.close();
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      const server = new URL(serverUrl);
      const proxy = proxyFor(server, env);
      const advice = `check ${proxy?.variable ?? 'ucon_db.server_url'} and the name servers`;
      await expectKnownHost(proxy?.hostname ?? server.hostname, advice, signal);
      const { objectExists, asksForLogin } = await client.check();
      const object = `object ${objectName} ${objectExists ? 'is there' : 'will be made by the first run'}`;
      const login = asksForLogin ? `${writerUser} may write` : 'everybody may write';
      return {
        text: `folder and login are right${proxy === undefined ? '' : ` (through the proxy ${proxy.shown})`}: ${login}, ${object}`,
        warnings: tlsVerify ? [] : ["the server's certificate is not checked (ucon_db.tls_verify is false)"],
      };
    } finally {
      signal.removeEventListener('abort', giveUp);
      await client.close();
    }
  };
  return { name: 'ucon_db', subject: `UconDB ${serverUrl}, folder ${folderName}`, look };
}
