import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { backendOf, checkTools } from '../artdaqdb/schemes.ts';
import type { StageName } from '../errors.ts';
import type { Usability } from '../files/directory-access.ts';
import { installationDirectory } from '../installation.ts';
import { openMetrics } from '../metrics/metrics.ts';
import { openChannels } from '../notify/notifications.ts';
import { readSchemaFile } from '../records/schema-file.ts';
import type { Site } from '../site.ts';
import { readableSecrets } from './readable-secrets.ts';
import type { Check } from './run-checks.ts';
import { lookAtRunRecords } from './run-records.ts';
import { lookAtArtdaqDb, lookAtHealthCheck, lookAtUconDb } from './services.ts';
import { lookAtKeptFile, lookAtLockFile, lookAtLogFile, lookAtWorkDir, readFailures } from './work-files.ts';

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

/** The checks of the program itself and of what lies on this machine. */
export function localChecks(site: Site, { version, node, configPath, warnings }: ProgramFacts): Check[] {
  const { app, sourceFiles, artdaqDb, secrets } = site.config;
  const envFile = join(installationDirectory(), 'archiver.env');
  const runRecordsDir = resolve(sourceFiles.runRecordsDir);
  const at = (name: string, path: string, look: Check['look']): Check => ({
    name,
    subject: `${name} ${path}`,
    look,
  });
  const kept = (name: string, { path }: { readonly path: string }, read: () => Promise<Usability>): Check =>
    at(name, path, () => lookAtKeptFile(name, path, app.workDir, read));
  const keptBy = (stage: StageName): Check[] => {
    const { state, failures, seen, waiting } = site.files(stage);
    return [
      kept(`${stage}_state_file`, state, async () => {
        const { lastContiguousRun, lastAttemptedRun } = await state.read();
        return { text: `last contiguous run ${lastContiguousRun}, last attempted run ${lastAttemptedRun}` };
      }),
      kept(`${stage}_failure_log`, failures, () => readFailures(failures)),
      kept(`${stage}_seen_runs`, seen, async () => {
        await seen.membership();
        return { text: 'readable' };
      }),
      kept(`${stage}_waiting_runs`, waiting, async () => {
        const { byFault } = await waiting.listed();
        return { text: `${byFault.size} runs wait because of a fault` };
      }),
    ];
  };
  return [
    {
      name: 'program',
      subject: `run-archiver ${version}`,
      look: async () => ({ text: `runs on Node ${node}` }),
    },
    at('configuration', configPath, async () => {
      const all = [...warnings, ...(await readableSecrets(configPath, secrets))];
      return { text: all.length === 0 ? 'no problems found' : '', warnings: all };
    }),
    ...given(existsSync(envFile) || undefined, () =>
      at('archiver_env', envFile, async () => ({
        text: 'read',
        warnings: await readableSecrets(envFile, secrets),
      })),
    ),
    at('work_dir', app.workDir, () => lookAtWorkDir(app.workDir)),
    at('lock_file', app.lockFile, () => lookAtLockFile(app.lockFile, app.workDir)),
    ...keptBy('import'),
    ...keptBy('migrate'),
    kept('uncompared_runs', site.uncompared, async () => {
      const { ranges } = await site.uncompared.read();
      return { text: ranges.length === 0 ? 'no runs' : 'readable' };
    }),
    kept('given_up_runs', site.givenUp, async () => {
      const { runs } = await site.givenUp.read();
      return { text: `${runs.size} runs are given up` };
    }),
    ...given(app.logFile, (file) => at('log_file', file, () => lookAtLogFile(file, app.workDir))),
    at('run_records_dir', runRecordsDir, () => lookAtRunRecords(runRecordsDir)),
    at('fcl_conf_dir', artdaqDb.fclConfDir, async () => {
      await readSchemaFile(artdaqDb.fclConfDir);
      return { text: 'schema.fcl is FHiCL' };
    }),
  ];
}

const channelTitles = { email: 'email by', slack: 'Slack' } as const;

/**
 * The checks of everything that the archiver talks to. Nobody is told anything, and no metrics are sent.
 * @param limitMs without an answer after which a place counts as dead
 */
export function serviceChecks(site: Site, limitMs: number): Check[] {
  const { config, env, logger, now, databaseServices } = site;
  const { artdaqDb, uconDb, reporting, carbon, metrics, healthcheck } = config;
  const { databaseUri, useTools, remoteHost } = artdaqDb;
  const uconDbLogger = logger('run_record_archiver.clients.ucondb');
  const opened = openMetrics(config, {
    logger,
    now,
    env,
    files: (stage) => site.files(stage),
    backlog: () => site.backlog(),
  });
  return [
    {
      name: 'artdaq_db',
      subject: `artdaqDB ${backendOf(databaseUri).location(databaseUri)}`,
      look: (signal) => lookAtArtdaqDb(databaseUri, databaseServices, limitMs, signal),
    },
    ...given(useTools || undefined, () => ({
      name: 'artdaq_db_tools',
      subject: `artdaqDB tools ${remoteHost === undefined ? 'of this host' : `of host ${remoteHost}`}`,
      look: async () => ({
        text: `can be started: ${await checkTools(artdaqDb, databaseServices, limitMs / 1000)}`,
      }),
    })),
    {
      name: 'ucon_db',
      subject: `UconDB ${uconDb.serverUrl}, folder ${uconDb.folderName}`,
      look: (signal) => lookAtUconDb(uconDb, { env, logger: uconDbLogger }, limitMs, signal),
    },
    ...openChannels(reporting, env, logger('run_record_archiver.reporter')).map(
      (channel): Check => ({
        name: channel.name,
        subject: `${channelTitles[channel.name]} ${channel.location}`,
        look: (signal) => channel.check(signal),
      }),
    ),
    ...given(opened.carbon, (client) => ({
      name: 'carbon',
      subject: `Carbon ${carbon.host}:${carbon.port}`,
      look: async () => {
        await client.check();
        return { text: 'takes connections' };
      },
    })),
    ...given(opened.textfile, (textfile) => ({
      name: 'metrics_textfile',
      subject: `metrics.textfile ${metrics.textfile}`,
      look: () => textfile.check(),
    })),
    ...given(healthcheck.url, (url) => ({
      name: 'healthcheck',
      subject: `healthcheck.url at ${new URL(url).origin}`,
      look: () => lookAtHealthCheck(new URL(url), env),
    })),
  ];
}

/** The check of something, if it is configured. */
function given<Thing>(thing: Thing | undefined, check: (thing: Thing) => Check): Check[] {
  return thing === undefined ? [] : [check(thing)];
}
