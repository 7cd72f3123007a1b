import type { ArchiverConfig } from '../config/archiver-config.ts';
import type { Environment } from '../environment.ts';
import { makeRedactor } from '../log/log-line.ts';
import type { Logger } from '../log/logger.ts';
import type { StageObserver } from '../stages/stage-observer.ts';
import type { Backlog } from '../state/backlog.ts';
import { CarbonClient, CarbonMetrics } from './carbon.ts';
import { FreeSpace } from './free-space.ts';
import { HealthCheck } from './health-check.ts';
import { MetricsTextfile, type MetricsTextfileOptions } from './textfile.ts';
import type { CallTimer } from './timed.ts';

/** What metrics are opened with. */
export interface MetricsOptions {
  /** Makes the logger of a module. */
  readonly logger: (module: string) => Logger;
  readonly now: () => Date;
  readonly files: MetricsTextfileOptions['files'];
  /** Reads what is still to be done. */
  readonly backlog: () => Promise<Backlog>;
  /** Names the proxies. */
  readonly env: Environment;
}

/** The metrics that the configuration switches on. */
export interface Metrics {
  readonly observers: readonly StageObserver[];
  readonly carbon?: CarbonClient | undefined;
  readonly textfile?: MetricsTextfile | undefined;
  /** For the clients' calls; undefined if nobody wants to know. */
  readonly timer: CallTimer | undefined;
}

/** For executions that are not measured. */
export const noMetrics: Metrics = { observers: [], timer: undefined };

/** Opens what the sections `carbon`, `metrics` and `healthcheck` switch on. Contacts nothing yet. */
export function openMetrics(
  config: ArchiverConfig,
  { logger, now, files, backlog, env }: MetricsOptions,
): Metrics {
  const { textfile: path, label } = config.metrics;
  const { url } = config.healthcheck;
  const ownLogger = logger('run_record_archiver.metrics');
  const carbon = openCarbon(config, logger('run_record_archiver.clients.carbon'), now);
  const post = carbon && ((name: string, value: number) => carbon.post(name, value));
  const space = new FreeSpace({ config, env, logger: ownLogger, post });
  const freeSpace = () => space.gauges();
  const textfile =
    path === undefined
      ? undefined
      : new MetricsTextfile({ path, label, files, backlog, freeSpace, logger: ownLogger, now });
  const redact = makeRedactor(config.secrets);
  const healthCheck =
    url === undefined ? undefined : new HealthCheck({ url, env, logger: ownLogger, redact });
  return {
    carbon,
    textfile,
    observers: [space, carbon && new CarbonMetrics(carbon, { backlog, now }), textfile, healthCheck].filter(
      (observer) => observer !== undefined,
    ),
    timer: carbon && ((call, milliseconds) => carbon.post(`${call}.duration_ms`, milliseconds)),
  };
}

function openCarbon({ carbon }: ArchiverConfig, logger: Logger, now: () => Date): CarbonClient | undefined {
  const { enabled, host, metricPrefix, port } = carbon;
  if (!enabled || host === undefined || metricPrefix === undefined) return undefined;
  return new CarbonClient({ host, port, metricPrefix }, { logger, now });
}
