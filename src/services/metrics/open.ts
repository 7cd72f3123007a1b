import { CarbonClient } from '../../clients/carbon.ts';
import type { CallTimer } from '../../clients/timed.ts';
import type { ArchiverConfig } from '../../config/schema.ts';
import { makeRedactor } from '../log-line.ts';
import type { Logger } from '../logger.ts';
import type { StageObserver } from '../stage-observer.ts';
import { CarbonMetrics } from './carbon-metrics.ts';
import { HealthCheck } from './health-check.ts';
import { MetricsTextfile, type MetricsTextfileOptions } from './textfile.ts';

/** What metrics are opened with. */
export interface MetricsOptions {
  /** Makes the logger of a module. */
  readonly logger: (module: string) => Logger;
  readonly now: () => Date;
  readonly files: MetricsTextfileOptions['files'];
}

/** Who measures, as the configuration says. */
export interface Metrics {
  readonly observers: readonly StageObserver[];
  /** For the clients' calls; undefined if nobody wants to know. */
  readonly timer: CallTimer | undefined;
}

/** For executions that nobody is to hear of. */
export const noMetrics: Metrics = { observers: [], timer: undefined };

/** Opens what the configuration switches on, of `carbon`, `metrics` and `healthcheck`. Contacts nothing yet. */
export function openMetrics(config: ArchiverConfig, { logger, now, files }: MetricsOptions): Metrics {
  const { carbon, metrics, healthcheck, secrets } = config;
  const { host, metricPrefix, port } = carbon;
  const observers: StageObserver[] = [];
  let timer: CallTimer | undefined;
  if (carbon.enabled && host !== undefined && metricPrefix !== undefined) {
    const client = new CarbonClient(
      { host, port, metricPrefix },
      { logger: logger('run_record_archiver.clients.carbon'), now },
    );
    observers.push(new CarbonMetrics(client));
    timer = (call, milliseconds) => client.post(`${call}.duration_ms`, milliseconds);
  }
  const ownLogger = logger('run_record_archiver.metrics');
  if (metrics.textfile !== undefined) {
    observers.push(new MetricsTextfile({ path: metrics.textfile, files, logger: ownLogger, now }));
  }
  if (healthcheck.url !== undefined) {
    const { url } = healthcheck;
    observers.push(new HealthCheck({ url, logger: ownLogger, redact: makeRedactor(secrets) }));
  }
  return { observers, timer };
}
