import { join } from 'node:path';
import type { RunRequest } from './cli.ts';
import type { ArtdaqDb } from './clients/artdaqdb/artdaqdb.ts';
import { openArtdaqDb } from './clients/artdaqdb/open.ts';
import { openUconDb } from './clients/ucondb/open.ts';
import type { UconDb } from './clients/ucondb/ucondb.ts';
import type { ArchiverConfig } from './config/schema.ts';
import type { Environment } from './environment.ts';
import { ArchiverError, PersistenceError, type StageName } from './errors.ts';
import { FailureLog } from './persistence/failure-log.ts';
import { acquireProcessLock } from './persistence/lock.ts';
import { positionOf } from './persistence/position.ts';
import { SeenRuns } from './persistence/seen-runs.ts';
import { StateFile } from './persistence/state.ts';
import { RunRecordDirectory } from './records/run-record-directory.ts';
import { readSchemaFile } from './records/schema-file.ts';
import { isWhole, queryPlaces, type StageRecord, type UnreadableStageRecord } from './report/status.ts';
import { statusLines } from './report/text.ts';
import type { Logger } from './services/logger.ts';
import type { BaseStage, StageContext, StageFiles } from './stages/base-stage.ts';
import { Importer } from './stages/importer.ts';
import { Migrator } from './stages/migrator.ts';

/** What the orchestrator is given from outside. */
export interface OrchestratorOptions {
  readonly config: ArchiverConfig;
  /** Makes the logger of a module. */
  readonly logger: (module: string) => Logger;
  /** Environment for the database path. */
  readonly env: Environment;
  readonly now: () => Date;
}

const rule = '='.repeat(60);

/** Builds the clients that the request needs, and runs its stages in order under the process lock. */
export class Orchestrator {
  readonly #options: OrchestratorOptions;
  readonly #logger: Logger;
  readonly #shutdown = new AbortController();
  #artdaqDb: ArtdaqDb | undefined;
  #uconDb: UconDb | undefined;
  #stage: string | undefined;

  constructor(options: OrchestratorOptions) {
    this.#options = options;
    this.#logger = options.logger('run_record_archiver.orchestrator');
  }

  /** Why a shutdown was requested, or undefined. */
  get shutdownReason(): string | undefined {
    return this.#shutdown.signal.aborted ? String(this.#shutdown.signal.reason) : undefined;
  }

  /** The stage that is or was last under way, for the error summary. */
  get currentStage(): string | undefined {
    return this.#stage;
  }

  /** From now on no run is started; those in progress end. */
  requestShutdown(reason: string): void {
    if (this.#shutdown.signal.aborted) return;
    this.#logger.info(`Shutdown requested (${reason}) - will stop after current run completes`);
    this.#shutdown.abort(reason);
  }

  /**
   * Does what the request asks for.
   * @returns true if every run succeeded and every place answered
   * @throws LockExistsError if another archiver is running, ArchiverError for what concerns no single run
   */
  async run(request: RunRequest): Promise<boolean> {
    const lock = await acquireProcessLock(this.#options.config.app.lockFile, {
      logger: this.#logger,
      protectedFiles: (['import', 'migrate'] as const).flatMap((stage) =>
        Object.values(this.#files(stage)).map(({ path }) => path),
      ),
      onLost: (reason) => {
        this.#logger.warning(`LOCK FILE REMOVED - INITIATING GRACEFUL SHUTDOWN: ${reason}`);
        this.requestShutdown(`Lock file removed: ${reason}`);
      },
    });
    try {
      return await this.#dispatch(request);
    } finally {
      await this.#closeClients().finally(() => lock.release());
    }
  }

  async #closeClients(): Promise<void> {
    await Promise.all([this.#artdaqDb?.close(), this.#uconDb?.close()]);
  }

  async #dispatch(request: RunRequest): Promise<boolean> {
    switch (request.mode) {
      case 'report-status':
        return await this.#report();
      case 'pipeline':
        return await this.#runStages(request, ['import', 'migrate']);
      case 'import-only':
        return await this.#runStages(request, ['import']);
      case 'migrate-only':
        return await this.#runStages(request, ['migrate']);
      case 'retry-failed':
      case 'recover-state':
        throw new ArchiverError(`${request.mode} is not available in this version yet`);
    }
  }

  async #runStages(request: { incremental: boolean }, names: readonly StageName[]): Promise<boolean> {
    let allWell = true;
    for (const name of names) {
      if (this.#shutdown.signal.aborted) break;
      if (!(await this.#runStage(name, request.incremental))) allWell = false;
    }
    return allWell;
  }

  /** A stage that can't determine its runs does not keep the next one from running. */
  async #runStage(name: StageName, incremental: boolean): Promise<boolean> {
    const title = name === 'import' ? 'Import' : 'Migration';
    this.#stage = title;
    for (const line of [rule, `STAGE: ${title}`, `Mode: ${incremental ? 'Incremental' : 'Full'}`, rule]) {
      this.#logger.info(line);
    }
    try {
      const { failed } = await this.#makeStage(name).run({ incremental });
      if (failed.length === 0) this.#logger.info(`✓ ${title} Stage completed successfully`);
      else this.#logger.warning(`✗ ${title} Stage completed with ${failed.length} failed runs`);
      return failed.length === 0;
    } catch (error) {
      if (!(error instanceof ArchiverError)) throw error;
      this.#logger.critical(`${title} Stage: Failed: ${error.message}`);
      return false;
    }
  }

  #makeStage(name: StageName): BaseStage {
    const { config, logger, now } = this.#options;
    const context: StageContext = {
      settings: config.app,
      files: this.#files(name),
      logger: logger(`run_record_archiver.${name === 'import' ? 'importer' : 'migrator'}`),
      shutdown: this.#shutdown.signal,
    };
    if (name === 'migrate') {
      return new Migrator({ artdaqDb: this.#openArtdaqDb(), uconDb: this.#openUconDb(), now }, context);
    }
    return new Importer(
      {
        records: this.#records(),
        artdaqDb: this.#openArtdaqDb(),
        generate: config.fhiclizeGenerate,
        readSchema: () => readSchemaFile(config.artdaqDb.fclConfDir),
      },
      context,
    );
  }

  async #report(): Promise<boolean> {
    const { config } = this.#options;
    this.#stage = 'Status Report';
    const logger = this.#options.logger('run_record_archiver.reporter');
    logger.info('Querying data sources...');
    const records = this.#records();
    const artdaqDb = this.#openArtdaqDb();
    const uconDb = this.#openUconDb();
    const { folderName, objectName } = config.uconDb;
    const places = await queryPlaces([
      {
        place: 'filesystem',
        location: [['Location', records.location]],
        listRuns: () => records.listRuns(),
      },
      {
        place: 'artdaqDB',
        location: [['Database URI', artdaqDb.location]],
        listRuns: () => artdaqDb.listRuns(),
      },
      {
        place: 'UconDB',
        location: [
          ['Server URL', config.uconDb.serverUrl],
          ['Folder/Object', `${folderName}/${objectName}`],
        ],
        listRuns: () => uconDb.listRuns(),
      },
    ]);
    const stages = [await this.#stageRecord('import'), await this.#stageRecord('migrate')];
    const status = { places, stages };
    for (const { level, text } of statusLines(status)) logger[level](text);
    return isWhole(status);
  }

  /** A file that can't be read does not keep the places from being reported: their runs tell what to write into it. */
  async #stageRecord(stage: StageName): Promise<StageRecord | UnreadableStageRecord> {
    const { state, failures, seen } = this.#files(stage);
    try {
      return {
        stage,
        position: positionOf(await state.read()),
        failed: await failures.read(),
        isKnown: await seen.membership(),
      };
    } catch (error) {
      if (!(error instanceof PersistenceError)) throw error;
      return { stage, error: error.message };
    }
  }

  #files(stage: StageName): StageFiles {
    const { app } = this.#options.config;
    const [state, failures, seen] =
      stage === 'import'
        ? [app.importStateFile, app.importFailureLog, 'importer_seen.json']
        : [app.migrateStateFile, app.migrateFailureLog, 'migrator_seen.json'];
    return {
      state: new StateFile(state, stage),
      failures: new FailureLog(failures),
      seen: new SeenRuns(join(app.workDir, seen)),
    };
  }

  #records(): RunRecordDirectory {
    const logger = this.#options.logger('run_record_archiver.run_records');
    return new RunRecordDirectory(this.#options.config.sourceFiles.runRecordsDir, logger);
  }

  #openArtdaqDb(): ArtdaqDb {
    const { config, env, logger } = this.#options;
    this.#artdaqDb ??= openArtdaqDb(config.artdaqDb, {
      env,
      logger: logger('run_record_archiver.clients.artdaq'),
    });
    return this.#artdaqDb;
  }

  #openUconDb(): UconDb {
    const { config, logger } = this.#options;
    this.#uconDb ??= openUconDb(config.uconDb, {
      workers: config.app.parallelWorkers,
      logger: logger('run_record_archiver.clients.ucondb'),
    });
    return this.#uconDb;
  }
}
