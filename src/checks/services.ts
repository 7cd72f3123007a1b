import type { ArchiverConfig } from '../config/schema.ts';
import type { Environment } from '../environment.ts';
import type { Logger } from '../log/logger.ts';
import type { Metrics } from '../metrics/open.ts';
import { proxyFor } from '../net/proxy.ts';
import { openChannels } from '../notify/open.ts';
import type { Check } from './check.ts';

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
