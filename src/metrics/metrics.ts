import type { ArchiverConfig } from '../config/schema.ts';
import type { Environment } from '../environment.ts';
import { makeRedactor } from '../log/log-line.ts';
import type { Logger } from '../log/logger.ts';
import type { StageObserver } from '../stages/stage-observer.ts';
import { CarbonClient, CarbonMetrics } from './carbon.ts';
import { HealthCheck } from './health-check.ts';
import { MetricsTextfile, type MetricsTextfileOptions } from './textfile.ts';
import type { CallTimer } from './timed.ts';

/** What metrics are opened with. */
export interface MetricsOptions {
  /** Makes the logger of a module. */
  readonly logger: (module: string) => Logger;
  readonly now: () => Date;
  readonly files: MetricsTextfileOptions['files'];
  /** Names the proxies. */
  readonly env: Environment;
}

/** Who measures, as the configuration says. */
export interface Metrics {
  readonly observers: readonly StageObserver[];
  /** Where metrics go; undefined if they don't. */
  readonly carbon?: CarbonClient;
  readonly textfile?: MetricsTextfile;
  /** For the clients' calls; undefined if nobody wants to know. */
  readonly timer: CallTimer | undefined;
}

/** For executions that nobody is to hear of. */
export const noMetrics: Metrics = { observers: [], timer: undefined };

/** Opens what the configuration switches on, of `carbon`, `metrics` and `healthcheck`. Contacts nothing yet. */
export function openMetrics(config: ArchiverConfig, { logger, now, files, env }: MetricsOptions): Metrics {
  const { metrics, healthcheck, secrets } = config;
  const ownLogger = logger('run_record_archiver.metrics');
  const carbon = openCarbon(config, logger('run_record_archiver.clients.carbon'), now);
  const textfile =
    metrics.textfile === undefined
      ? undefined
      : new MetricsTextfile({ path: metrics.textfile, label: metrics.label, files, logger: ownLogger, now });
  const { url } = healthcheck;
  return {
    ...(carbon === undefined ? {} : { carbon }),
    ...(textfile === undefined ? {} : { textfile }),
    observers: [
      ...(carbon === undefined ? [] : [new CarbonMetrics(carbon)]),
      ...(textfile === undefined ? [] : [textfile]),
      ...(url === undefined
        ? []
        : [new HealthCheck({ url, env, logger: ownLogger, redact: makeRedactor(secrets) })]),
    ],
    timer: carbon && ((call, milliseconds) => carbon.post(`${call}.duration_ms`, milliseconds)),
  };
}

function openCarbon({ carbon }: ArchiverConfig, logger: Logger, now: () => Date): CarbonClient | undefined {
  const { enabled, host, metricPrefix, port } = carbon;
  if (!enabled || host === undefined || metricPrefix === undefined) return undefined;
  return new CarbonClient({ host, port, metricPrefix }, { logger, now });
}
