import type { ArchiverConfig } from './schema.ts';

/** A parameter that is set to what this version can't do; the program works as if it were not set. */
export interface MissingFeature {
  readonly param: string;
  readonly message: string;
}

const noEffect = 'has no effect in this version';

/** What a configuration asks for that is still to be written. Whoever writes it deletes its line here. */
export function notYetAvailable(config: ArchiverConfig): MissingFeature[] {
  const { carbon, healthcheck, metrics, sourceFiles, uconDb } = config;
  const features: readonly (readonly [isAskedFor: boolean, param: string])[] = [
    [carbon.enabled, 'carbon.enabled'],
    [metrics.textfile !== undefined, 'metrics.textfile'],
    [healthcheck.url !== undefined, 'healthcheck.url'],
    [sourceFiles.waitForStopTimeHours > 0, 'source_files.wait_for_stop_time_hours'],
    [uconDb.replaceIncomplete, 'ucon_db.replace_incomplete'],
  ];
  return features.filter(([isAskedFor]) => isAskedFor).map(([, param]) => ({ param, message: noEffect }));
}
