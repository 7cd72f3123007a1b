import { type ArtdaqDbServices, backendOf, checkTools } from '../artdaqdb/schemes.ts';
import type { ArchiverConfig } from '../config/schema.ts';
import type { Environment } from '../environment.ts';
import type { Logger } from '../log/logger.ts';
import type { Metrics } from '../metrics/open.ts';
import { expectKnownHost } from '../net/host-lookup.ts';
import { proxyFor } from '../net/proxy.ts';
import { openChannels } from '../notify/open.ts';
import { UconDbClient } from '../ucondb/ucondb-client.ts';
import type { Check, Finding } from './run-checks.ts';

const titles = { email: 'email by', slack: 'Slack' } as const;

/** The checks of those who are told how stages end; nobody is told anything. */
export function notificationChecks({ reporting }: ArchiverConfig, env: Environment, logger: Logger): Check[] {
  return openChannels(reporting, env, logger).map((channel) => ({
    name: channel.name,
    subject: `${titles[channel.name]} ${channel.location}`,
    look: (signal) => channel.check(signal),
  }));
}

/** The checks of where metrics go; none are sent, and the health check is not pinged, as that would count. */
export function metricsChecks(
  { carbon, metrics, healthcheck }: ArchiverConfig,
  opened: Metrics,
  env: Environment,
): Check[] {
  const { carbon: client, textfile } = opened;
  const checks: Check[] = [];
  if (client !== undefined) {
    const look = async () => {
      await client.check();
      return { text: 'takes connections' };
    };
    checks.push({ name: 'carbon', subject: `Carbon ${carbon.host}:${carbon.port}`, look });
  }
  if (textfile !== undefined) {
    const subject = `metrics.textfile ${metrics.textfile}`;
    checks.push({ name: 'metrics_textfile', subject, look: () => textfile.check() });
  }
  const { url } = healthcheck;
  if (url !== undefined) {
    const server = new URL(url);
    const look = async () => {
      const proxy = proxyFor(server, env);
      const way = proxy === undefined ? '' : `; the proxy ${proxy.shown} is in between`;
      return { text: `not pinged, as that would count${way}` };
    };
    checks.push({ name: 'healthcheck', subject: `healthcheck.url at ${server.origin}`, look });
  }
  return checks;
}

/** The checks of the database and of the programs that write it, if they do. */
export function artdaqDbChecks(
  { artdaqDb }: ArchiverConfig,
  services: ArtdaqDbServices,
  limitMs: number,
): Check[] {
  const { databaseUri, useTools, remoteHost } = artdaqDb;
  const backend = backendOf(databaseUri);
  const database: Check = {
    name: 'artdaq_db',
    subject: `artdaqDB ${backend.location(databaseUri)}`,
    look: async (signal) => {
      for (const host of backend.hosts(databaseUri)) {
        await expectKnownHost(host, 'check artdaq_db.database_uri and the name servers', signal);
      }
      return backend.check(databaseUri, services, { limitMs, signal });
    },
  };
  const tools: Check = {
    name: 'artdaq_db_tools',
    subject: `artdaqDB tools ${remoteHost === undefined ? 'of this host' : `of host ${remoteHost}`}`,
    look: async () => ({ text: `can be started: ${await checkTools(artdaqDb, services, limitMs / 1000)}` }),
  };
  return useTools ? [database, tools] : [database];
}

/** The check of UconDB: address, folder, object and login; nothing is stored. */
export function uconDbCheck(
  { uconDb }: ArchiverConfig,
  { env, logger }: { readonly env: Environment; readonly logger: Logger },
  limitMs: number,
): Check {
  const { serverUrl, folderName, objectName, writerUser, timeoutSeconds, tlsVerify } = uconDb;
  const look = async (signal: AbortSignal): Promise<Finding> => {
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
