import type { ArchiverConfig } from './schema.ts';

/** A parameter that is set to what this version can't do. */
export interface MissingFeature {
  readonly param: string;
  readonly message: string;
  /** True if nothing may be done without it; else the program works as if the parameter were not set. */
  readonly fatal: boolean;
}

const impossible = 'is not available in this version';
const noEffect = 'has no effect in this version';

/** What a configuration asks for that is still to be written. Whoever writes it deletes its line here. */
export function notYetAvailable(config: ArchiverConfig): MissingFeature[] {
  const { artdaqDb, carbon, healthcheck, metrics, reporting, sourceFiles, uconDb } = config;
  const features: readonly (readonly [
    isAskedFor: boolean,
    param: string,
    message: string,
    fatal: boolean,
  ])[] = [
    [
      artdaqDb.remoteHost !== undefined,
      'artdaq_db.remote_host',
      `a remote host ${impossible}; remove it`,
      true,
    ],
    [reporting.email.enabled, 'reporting.email.enabled', noEffect, false],
    [reporting.slack.enabled, 'reporting.slack.enabled', noEffect, false],
    [carbon.enabled, 'carbon.enabled', noEffect, false],
    [metrics.textfile !== undefined, 'metrics.textfile', noEffect, false],
    [healthcheck.url !== undefined, 'healthcheck.url', noEffect, false],
    [sourceFiles.waitForStopTimeHours > 0, 'source_files.wait_for_stop_time_hours', noEffect, false],
    [uconDb.replaceIncomplete, 'ucon_db.replace_incomplete', noEffect, false],
  ];
  return features
    .filter(([isAskedFor]) => isAskedFor)
    .map(([, param, message, fatal]) => ({ param, message, fatal }));
}
