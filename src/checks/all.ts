import { openMetrics } from '../metrics/open.ts';
import type { Site } from '../site.ts';
import type { Check } from './run-checks.ts';
import { runRecordsCheck, schemaCheck } from './run-records.ts';
import { artdaqDbChecks, metricsChecks, notificationChecks, uconDbCheck } from './services.ts';
import {
  lockFileCheck,
  logFileChecks,
  stageFileChecks,
  uncomparedRunsCheck,
  workDirCheck,
} from './work-files.ts';

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

/** What the program itself runs on and was given. */
export interface ProgramFacts {
  /** Of this program. */
  readonly version: string;
  /** Of Node, such as `v20.19.0`. */
  readonly node: string;
  readonly configPath: string;
  /** What loading the configuration warned of. */
  readonly warnings: readonly string[];
}

/** The checks of the program and of the configuration file, which was read already. */
function programChecks({ version, node, configPath, warnings }: ProgramFacts): Check[] {
  return [
    {
      name: 'program',
      subject: `run-archiver ${version}`,
      look: async () => ({ text: `runs on Node ${node}` }),
    },
    {
      name: 'configuration',
      subject: `configuration ${configPath}`,
      look: async () => ({ text: warnings.length === 0 ? 'nothing to object to' : '', warnings }),
    },
  ];
}
