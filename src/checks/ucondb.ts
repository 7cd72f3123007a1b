import { openUconDb } from '../clients/ucondb/open.ts';
import type { ArchiverConfig } from '../config/schema.ts';
import { expectKnownHost } from '../services/host-lookup.ts';
import type { Logger } from '../services/logger.ts';
import type { Check, Finding } from './check.ts';

/** The check of UconDB: address, folder, object and login; nothing is stored. */
export function uconDbCheck({ uconDb }: ArchiverConfig, logger: Logger, limitMs: number): Check {
  const { serverUrl, folderName, objectName, writerUser, timeoutSeconds, tlsVerify } = uconDb;
  const look = async (signal: AbortSignal): Promise<Finding> => {
    const client = openUconDb(
      { ...uconDb, timeoutSeconds: Math.min(timeoutSeconds, limitMs / 1000) },
      { workers: 1, logger },
    );
    const giveUp = (): void => void client.close();
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      const advice = 'check ucon_db.server_url and the name servers';
      await expectKnownHost(new URL(serverUrl).hostname, advice, signal);
      const { objectExists, asksForLogin } = await client.check();
      const object = `object ${objectName} ${objectExists ? 'is there' : 'will be made by the first run'}`;
      const login = asksForLogin ? `${writerUser} may write` : 'everybody may write';
      return {
        text: `folder and login are right: ${login}, ${object}`,
        warnings: tlsVerify ? [] : ["the server's certificate is not checked (ucon_db.tls_verify is false)"],
      };
    } finally {
      signal.removeEventListener('abort', giveUp);
      await client.close();
    }
  };
  return { name: 'ucon_db', subject: `UconDB ${serverUrl}, folder ${folderName}`, look };
}
