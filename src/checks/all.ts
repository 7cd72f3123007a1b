import { openMetrics } from '../metrics/open.ts';
import type { Site } from '../site.ts';
import { artdaqDbChecks } from './artdaqdb.ts';
import type { Check } from './check.ts';
import { lockFileCheck } from './lock-file.ts';
import { type ProgramFacts, programChecks } from './program.ts';
import { runRecordsCheck, schemaCheck } from './run-records.ts';
import { metricsChecks, notificationChecks } from './services.ts';
import { uconDbCheck } from './ucondb.ts';
import { workDirCheck } from './work-dir.ts';
import { logFileChecks, stageFileChecks, uncomparedRunsCheck } from './work-files.ts';

/** The checks of the program itself and of what lies on this machine. */
export function localChecks(site: Site, facts: ProgramFacts): Check[] {
  const { config } = site;
  return [
    ...programChecks(facts),
    workDirCheck(config),
    lockFileCheck(config),
    ...stageFileChecks('import', site.files('import'), config),
    ...stageFileChecks('migrate', site.files('migrate'), config),
    uncomparedRunsCheck(site.uncompared, config),
    ...logFileChecks(config),
    runRecordsCheck(config),
    schemaCheck(config),
  ];
}

/**
 * The checks of everything that the archiver talks to.
 * @param limitMs without an answer after which a place counts as dead
 */
export function serviceChecks(site: Site, limitMs: number): Check[] {
  const { config, env, logger, now } = site;
  const metrics = openMetrics(config, { logger, now, env, files: (stage) => site.files(stage) });
  return [
    ...artdaqDbChecks(config, site.databaseServices, limitMs),
    uconDbCheck(config, { env, logger: logger('run_record_archiver.clients.ucondb') }, limitMs),
    ...notificationChecks(config, env, logger('run_record_archiver.reporter')),
    ...metricsChecks(config, metrics, env),
  ];
}
