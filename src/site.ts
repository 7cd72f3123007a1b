import { join } from 'node:path';
import type { ArtdaqDb } from './artdaqdb/artdaqdb.ts';
import { type ArtdaqDbServices, openArtdaqDb } from './artdaqdb/schemes.ts';
import type { ArchiverConfig } from './config/archiver-config.ts';
import { loadConfig } from './config/load.ts';
import type { Environment } from './environment.ts';
import type { StageName } from './errors.ts';
import { installationDirectory } from './installation.ts';
import { makeRedactor } from './log/log-line.ts';
import type { Logger } from './log/logger.ts';
import type { Logging } from './log/logging.ts';
import { noMetrics, openMetrics } from './metrics/metrics.ts';
import { type CallTimer, timedArtdaqDb, timedUconDb } from './metrics/timed.ts';
import { openNotifications } from './notify/notifications.ts';
import { RunRecordDirectory } from './records/run-record-directory.ts';
import type { StageFiles } from './stages/stage.ts';
import type { StageObserver } from './stages/stage-observer.ts';
import { type Backlog, readBacklog } from './state/backlog.ts';
import { FailureLog } from './state/failure-log.ts';
import { FailureReasons } from './state/failure-reasons.ts';
import { GivenUpRuns } from './state/given-up-runs.ts';
import { LastExecutionFile } from './state/last-execution.ts';
import { RebuiltRuns } from './state/rebuilt-runs.ts';
import { RepeatedWarnings } from './state/repeated-warnings.ts';
import { RunListFile } from './state/run-list-file.ts';
import { SeenRuns } from './state/seen-runs.ts';
import { StateFile } from './state/state.ts';
import { UconDbKeysFile } from './state/ucondb-keys-file.ts';
import { type BlobPlace, UncomparedRuns } from './state/uncompared-runs.ts';
import { type VerificationRecords, verificationRecords } from './state/verification-records.ts';
import { WaitingRunsFile } from './state/waiting-runs.ts';
import type { UconDb } from './ucondb/ucondb.ts';

/** What a site is opened with. */
export interface SiteOptions {
  readonly config: ArchiverConfig;
  /** Makes the logger of a module. */
  readonly logger: (module: string) => Logger;
  /** Environment for the database. */
  readonly env: Environment;
  readonly now: () => Date;
  /** Lets so many milliseconds pass between two looks at run records. */
  readonly sleep: (milliseconds: number) => Promise<unknown>;
  /** Changes nothing, and tells nobody. */
  readonly dryRun: boolean;
}

/** What a program is given to open a site. */
export interface OpenOptions extends Omit<SiteOptions, 'config' | 'logger'> {
  /** Opens the log, once the configuration is known. */
  readonly openLog: (config: ArchiverConfig) => Logging;
  /** The clients' working files go there, in place of `app.work_dir`. */
  readonly workDir?: string;
}

/** A site, and what is to be told about its configuration. */
export interface OpenedSite {
  readonly site: Site;
  readonly logging: Logging;
  /** What loading the configuration warned of. */
  readonly warnings: readonly string[];
}

/**
 * Reads the configuration, opens the log, and makes the site: the beginning of the archiver and of each tool for its places.
 * @throws ConfigurationError if the configuration can't be used
 */
export async function openSite(
  configPath: string,
  { openLog, workDir, ...options }: OpenOptions,
): Promise<OpenedSite> {
  const { config, warnings } = await loadConfig(configPath, options.env);
  const logging = openLog(config);
  const app = { ...config.app, workDir: workDir ?? config.app.workDir };
  const site = new Site({ ...options, config: { ...config, app }, logger: (name) => logging.logger(name) });
  return { site, logging, warnings };
}

/** The places that the configuration names; each client is made when it is first used. */
export class Site {
  readonly config: ArchiverConfig;
  readonly logger: (module: string) => Logger;
  readonly now: () => Date;
  readonly sleep: (milliseconds: number) => Promise<unknown>;
  /** They are told how stages end. */
  readonly observers: readonly StageObserver[];
  readonly env: Environment;
  /** Warnings that the log shows once a day. */
  readonly repeatedWarnings: RepeatedWarnings;
  readonly #timer: CallTimer | undefined;
  readonly #runLists: RunListFile | undefined;
  readonly #keys: UconDbKeysFile | undefined;
  /** Warnings about failure logs, which are read several times. */
  readonly #warnings = new Set<string>();
  #records: RunRecordDirectory | undefined;
  #artdaqDb: ArtdaqDb | undefined;
  #uconDb: Promise<UconDb> | undefined;
  #openedUconDb: UconDb | undefined;

  constructor({ config, logger, env, now, sleep, dryRun }: SiteOptions) {
    this.config = config;
    this.logger = logger;
    this.now = now;
    this.sleep = sleep;
    this.env = env;
    const files = (stage: StageName) => this.files(stage);
    const metrics = dryRun
      ? noMetrics
      : openMetrics(config, { logger, now, files, backlog: () => this.backlog(), env });
    this.#timer = metrics.timer;
    this.#runLists = dryRun
      ? undefined
      : new RunListFile(join(config.app.workDir, 'artdaqdb_runs.json'), {
          now,
          logger: logger('run_record_archiver.clients.artdaq'),
        });
    this.#keys = dryRun
      ? undefined
      : new UconDbKeysFile(join(config.app.workDir, 'ucondb_keys.json'), {
          now,
          logger: logger('run_record_archiver.clients.ucondb'),
        });
    this.repeatedWarnings = new RepeatedWarnings(join(config.app.workDir, 'repeated_warnings.json'), {
      now,
      redact: makeRedactor(config.secrets),
      warn: (message) => logger('run_record_archiver.reporter').warning(message),
    });
    this.observers = [
      ...openNotifications(config, {
        logger: logger('run_record_archiver.reporter'),
        env,
        now,
        failureLog: (stage) => files(stage).failures,
        givenUp: this.givenUp,
      }),
      ...metrics.observers,
    ];
  }

  get records(): RunRecordDirectory {
    this.#records ??= new RunRecordDirectory(
      this.config.sourceFiles.runRecordsDir,
      this.logger('run_record_archiver.run_records'),
      { sleep: this.sleep },
    );
    return this.#records;
  }

  get artdaqDb(): ArtdaqDb {
    this.#artdaqDb ??= this.#openArtdaqDb();
    return this.#artdaqDb;
  }

  /**
   * Made later than artdaqDB, because some executions need no UconDB, and its HTTP client takes as long to load as all the rest.
   * @throws ConfigurationError if the client can't be made
   */
  uconDb(): Promise<UconDb> {
    this.#uconDb ??= this.#openUconDb();
    return this.#uconDb;
  }

  /** What artdaqDB is opened with besides its parameters. */
  get databaseServices(): ArtdaqDbServices {
    return {
      env: this.env,
      logger: this.logger('run_record_archiver.clients.artdaq'),
      workDir: this.config.app.workDir,
      libDirectory: join(installationDirectory(), 'lib'),
      runLists: this.#runLists,
    };
  }

  /** What a stage keeps between executions. */
  files(stage: StageName): StageFiles {
    const { app } = this.config;
    const [state, failures, seen] =
      stage === 'import'
        ? [app.importStateFile, app.importFailureLog, 'importer_seen.json']
        : [app.migrateStateFile, app.migrateFailureLog, 'migrator_seen.json'];
    const redact = makeRedactor(this.config.secrets);
    const logger = this.logger('run_record_archiver.reporter');
    const reasons = new FailureReasons(join(app.workDir, `${stage}_failure_reasons.json`), {
      redact,
      now: this.now,
      warn: (message) => logger.warning(message),
    });
    const warnOnce = (message: string): void => {
      if (!this.#warnings.has(message)) logger.child({ repeats: true }).warning(message);
      this.#warnings.add(message);
    };
    const givenUp = async () => (await this.givenUp.read()).runs;
    return {
      state: new StateFile(state, stage),
      failures: new FailureLog(failures, reasons, warnOnce, givenUp),
      seen: new SeenRuns(join(app.workDir, seen)),
      waiting: new WaitingRunsFile(join(app.workDir, `${stage}_waiting.json`), stage, redact, givenUp),
    };
  }

  /** What the last execution did that archives runs. */
  get lastExecution(): LastExecutionFile {
    const logger = this.logger('run_record_archiver.reporter');
    return new LastExecutionFile(join(this.config.app.workDir, 'last_execution.json'), (message) =>
      logger.warning(message),
    );
  }

  /** What is still to be done, as far as the work directory tells. */
  backlog(): Promise<Backlog> {
    const { verification, lastExecution, givenUp } = this;
    const stage = (name: StageName) => this.files(name);
    return readBacklog({ stage, unequal: verification.unequal, lastExecution, givenUp });
  }

  /** The runs that somebody gave up. */
  get givenUp(): GivenUpRuns {
    return new GivenUpRuns(join(this.config.app.workDir, 'given_up_runs.json'));
  }

  /** What `--verify` keeps from one execution to the next. */
  get verification(): VerificationRecords {
    return verificationRecords(this.config.app.workDir);
  }

  /** The runs whose upload to the configured place began, and whose blob no comparison has found equal since. */
  get uncompared(): UncomparedRuns {
    return new UncomparedRuns(join(this.config.app.workDir, 'uncompared_runs.json'), this.#blobPlace);
  }

  /** The runs that were stored in artdaqDB from their blobs, and that no comparison has found equal since. */
  get rebuilt(): RebuiltRuns {
    const path = join(this.config.app.workDir, 'rebuild_uncompared.json');
    return new RebuiltRuns(path, this.artdaqDb.location, this.#blobPlace);
  }

  get #blobPlace(): BlobPlace {
    const { serverUrl, folderName: folder, objectName: object } = this.config.uconDb;
    const server = URL.canParse(serverUrl) ? new URL(serverUrl).href.replace(/\/+$/, '') : serverUrl;
    return { server, folder, object };
  }

  /** Closes the clients that were made. */
  async close(): Promise<void> {
    await Promise.all([this.#artdaqDb?.close(), this.#openedUconDb?.close()]);
  }

  #openArtdaqDb(): ArtdaqDb {
    const db = openArtdaqDb(this.config.artdaqDb, this.databaseServices);
    return this.#timer === undefined ? db : timedArtdaqDb(db, this.#timer);
  }

  async #openUconDb(): Promise<UconDb> {
    const { UconDbClient } = await import('./ucondb/ucondb-client.ts');
    const db = new UconDbClient({
      ...this.config.uconDb,
      workers: this.config.uconDb.maxInFlight,
      logger: this.logger('run_record_archiver.clients.ucondb'),
      env: this.env,
      announceVersion: true,
      keys: this.#keys,
    });
    this.#openedUconDb = db;
    return this.#timer === undefined ? db : timedUconDb(db, this.#timer);
  }
}
