import { randomInt } from 'node:crypto';
import type { RunRequest } from '../cli/cli.ts';
import type { Selection } from '../cli/given-flags.ts';
import { ArchiverError, NotYetError, type StageName } from '../errors.ts';
import { exitCodes } from '../exit.ts';
import type { Logger } from '../log/logger.ts';
import { readSchemaFile } from '../records/schema-file.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { rangeText } from '../runs/run-set.ts';
import type { Site } from '../site.ts';
import type { BaseStage } from '../stages/base-stage.ts';
import { Fuzz, fuzzedArtdaqDb, fuzzedUconDb } from '../stages/fuzz.ts';
import { Importer } from '../stages/importer.ts';
import { Migrator } from '../stages/migrator.ts';
import type { StageContext, StageRequest } from '../stages/stage.ts';
import type { StageOutcome } from '../stages/stage-observer.ts';
import { faultText } from '../stages/waiting-texts.ts';
import { followUpRecords } from '../state/follow-up-records.ts';
import type { Execution } from './mode.ts';

interface WorkRequest extends RunRequest, Selection {
  /** Check each blob after its migration. */
  readonly validate: boolean;
}

interface NewRunsRequest extends WorkRequest {
  readonly mode: 'pipeline' | 'import-only' | 'migrate-only';
  /** Only runs above the saved position, and at most `batch_size` of them. */
  readonly incremental: boolean;
}

interface RetryRequest extends WorkRequest {
  readonly mode: 'retry-failed';
  readonly stage: StageName;
}

/** Which stages run, and for which runs. */
export type StagesRequest = NewRunsRequest | RetryRequest;

const RULE = '='.repeat(60);
const titles = {
  import: { normal: 'Import', failed: 'Import Recovery' },
  migrate: { normal: 'Migration', failed: 'Migration Recovery' },
} as const;

/** A place where a stage broke off, and why. */
interface StageBreak {
  readonly place: string;
  readonly error: string;
}

/**
 * Runs the stages that the request names, in order. If a stage breaks off at a place that the next one needs, the next one does
 * not begin: it would only wait for the same time-outs.
 * @returns true if every run succeeded, and none waits because of a fault
 */
export async function runStages(request: StagesRequest, execution: Execution): Promise<boolean> {
  await execution.stagesBegin(request.mode);
  let allWell = true;
  execution.logger.info(`=== Execution Mode: ${modeTitle(request)} ===`);
  let nowhere = request.runs?.asked ?? [];
  let archived: readonly RunNumber[] = [];
  let broken: StageBreak | undefined;
  for (const name of stagesOf(request)) {
    if (execution.shutdown.aborted) break;
    const { outcome, stage } = await runStage(name, request, execution, archived, broken);
    const { successful, failed, waiting, error, brokenPlace } = outcome;
    // A run that one stage knows, or could not look for, may exist.
    nowhere = nowhere.filter((range) => stage?.nowhere?.includes(range) === true);
    if (error !== undefined || failed.length > 0 || waiting.length > 0) allWell = false;
    archived = successful;
    if (brokenPlace !== undefined && error !== undefined && isNeededByMigration(brokenPlace)) {
      broken = { place: brokenPlace, error };
    }
  }
  if (nowhere.length === 0 || execution.shutdown.aborted) return allWell;
  execution.logger.error(
    `No such run: ${nowhere.map(rangeText).join(', ')} (--runs): ` +
      `neither in ${placesOf(request)}, nor in a failure log`,
  );
  return false;
}

/** Does the migrate stage need the place too? */
function isNeededByMigration(place: string): boolean {
  return place === 'artdaqDB read' || place === 'work directory' || place.startsWith('host ');
}

function placesOf(request: StagesRequest): string {
  const stages = stagesOf(request);
  return [
    ...(stages.includes('import') ? ['the run records'] : []),
    'artdaqDB',
    ...(stages.includes('migrate') ? ['UconDB'] : []),
  ].join(', nor in ');
}

function modeTitle(request: StagesRequest): string {
  if (request.mode === 'retry-failed') {
    return `Retry Failed ${request.stage === 'import' ? 'Imports' : 'Migrations'}`;
  }
  const what = { pipeline: 'Full Pipeline', 'import-only': 'Import Only', 'migrate-only': 'Migration Only' };
  return `${what[request.mode]} (${request.incremental ? 'Incremental' : 'Full'})`;
}

function stagesOf(request: StagesRequest): readonly StageName[] {
  switch (request.mode) {
    case 'pipeline':
      return ['import', 'migrate'];
    case 'import-only':
      return ['import'];
    case 'migrate-only':
      return ['migrate'];
    case 'retry-failed':
      return [request.stage];
  }
}

/** How a stage ended. */
interface StageEnd {
  readonly outcome: StageOutcome;
  /** Undefined if it could not even be made. */
  readonly stage: BaseStage | undefined;
  /** A stop came before the stage knew anything of its runs. */
  readonly isGivenUp: boolean;
  /** Why it could not find out its runs. */
  readonly cause?: ArchiverError;
}

/**
 * Runs one stage, logs how it ends, and tells the observers.
 * @param archived by the stage before; a dry run only said so
 * @param broken where the stage before broke off, if this one needs that place
 */
async function runStage(
  name: StageName,
  request: StagesRequest,
  execution: Execution,
  archived: readonly RunNumber[],
  broken: StageBreak | undefined,
): Promise<StageEnd> {
  const logger = execution.logger.child({ stage: name });
  const mode =
    request.mode === 'retry-failed' ? 'failed' : request.incremental ? 'incremental' : ('full' as const);
  const chosen: StageRequest = { mode, runs: request.runs, limit: request.limit };
  const title = titleOf(name, chosen);
  const modeLine = { failed: 'Retry of failed runs', incremental: 'Incremental', full: 'Full' }[mode];
  execution.enter(title);
  for (const line of [RULE, `STAGE: ${title}`, `Mode: ${modeLine}`, RULE]) logger.info(line);
  const began = performance.now();
  const end =
    broken === undefined
      ? await tryStage(name, chosen, request, execution, archived)
      : notBegun(name, broken);
  logEnd(`${title} Stage`, end, logger, execution.shutdown);
  // A stage that was given up has no news, least of all that an outage is over.
  if (!end.isGivenUp) {
    const seconds = (performance.now() - began) / 1000;
    execution.account(end.outcome, end.stage?.findings, seconds);
    if (!request.dryRun) await execution.stageEnded(end.outcome, seconds);
  }
  return end;
}

function notBegun(stage: StageName, { place, error }: StageBreak): StageEnd {
  const why = `not begun, because it needs what the stage before found broken: ${error}`;
  return {
    outcome: { ...nothing(stage), error: why, brokenPlace: place },
    stage: undefined,
    isGivenUp: false,
  };
}

/** A stage that can't determine its runs does not prevent the next one. */
async function tryStage(
  name: StageName,
  chosen: StageRequest,
  request: StagesRequest,
  execution: Execution,
  archived: readonly RunNumber[],
): Promise<StageEnd> {
  let stage: BaseStage | undefined;
  try {
    stage = await makeStage(name, request, execution);
    const result = request.dryRun ? await stage.dryRun(chosen, archived) : await stage.run(chosen);
    return { outcome: { stage: name, ...result }, stage, isGivenUp: false };
  } catch (error) {
    if (!(error instanceof ArchiverError)) throw error;
    if (error instanceof NotYetError && execution.shutdown.aborted) {
      execution.logger.child({ stage: name }).info(`${titleOf(name, chosen)} Stage: ${error.message}`);
      return { outcome: nothing(name), stage, isGivenUp: true };
    }
    const outcome = { ...nothing(name), error: error.message, brokenPlace: error.place };
    return { outcome, stage, isGivenUp: false, cause: error };
  }
}

function nothing(stage: StageName): StageOutcome {
  return {
    stage,
    successful: [],
    failed: [],
    waiting: [],
    allWaiting: [],
    error: undefined,
    brokenPlace: undefined,
  };
}

function titleOf(name: StageName, { mode }: StageRequest): string {
  return titles[name][mode === 'failed' ? 'failed' : 'normal'];
}

function logEnd(stage: string, { outcome, cause }: StageEnd, logger: Logger, shutdown: AbortSignal): void {
  const { failed, waiting, error } = outcome;
  for (const each of waiting) logger.warning(`${stage}: ${faultText(each)}`);
  if (error !== undefined) logger.child({ error: cause }).critical(`${stage}: Failed: ${error}`);
  const withFailures = `✗ ${stage} completed with failures (exit code: ${exitCodes.failure})`;
  if (error !== undefined) logger.warning(withFailures);
  else if (failed.length > 0) logger.warning(`${withFailures}: ${failed.length} failed runs`);
  else if (shutdown.aborted) logger.info(`${stage} stopped as requested (exit code: ${exitCodes.stopped})`);
  else if (waiting.length > 0) logger.warning(`${withFailures}: runs wait`);
  else logger.info(`✓ ${stage} completed successfully (exit code: ${exitCodes.success})`);
}

async function makeStage(
  name: StageName,
  request: StagesRequest,
  { site, progress, shutdown }: Execution,
): Promise<BaseStage> {
  const { config } = site;
  const module = `run_record_archiver.${name === 'import' ? 'importer' : 'migrator'}`;
  const logger = site.logger(module).child({ stage: name });
  const context: StageContext = {
    settings: config.app,
    files: site.files(name),
    givenUp: site.givenUp,
    logger,
    progress,
    shutdown,
    now: site.now,
  };
  const fuzz = makeFuzz(name, request, site, logger);
  const { artdaqDb } = site;
  const records = followUpRecords(config.app.workDir);
  if (name === 'migrate') {
    const uconDb = await site.uconDb();
    return new Migrator(
      {
        artdaqDb,
        uconDb: fuzz === undefined ? uconDb : fuzzedUconDb(uconDb, fuzz),
        validate: request.validate,
        amended: records.amended,
        unequal: site.verification.unequal,
        uncompared: site.uncompared,
        replaceIncomplete: config.uconDb.replaceIncomplete,
        maxInFlight: config.uconDb.maxInFlight,
        now: site.now,
      },
      context,
    );
  }
  return new Importer(
    {
      records: site.records,
      artdaqDb: fuzz === undefined ? artdaqDb : fuzzedArtdaqDb(artdaqDb, fuzz),
      generate: config.fhiclizeGenerate,
      readSchema: () => readSchemaFile(config.artdaqDb.fclConfDir),
      waitForStopTimeHours: config.sourceFiles.waitForStopTimeHours,
      followUpRecords: records,
      now: site.now,
      sleep: site.sleep,
    },
    context,
  );
}

/** The faults of a rehearsal, if one is configured; never for incremental executions, which cron starts. */
function makeFuzz(name: StageName, request: StagesRequest, site: Site, logger: Logger): Fuzz | undefined {
  const { appFuzz } = site.config;
  const isIncremental = 'incremental' in request && request.incremental;
  if (isIncremental || appFuzz.randomSkipPercent + appFuzz.randomErrorPercent === 0) return undefined;
  const seed = appFuzz.seed ?? randomInt(2 ** 31);
  logger.warning(`[FUZZ] app_fuzz is on; app_fuzz.seed: ${seed} repeats this rehearsal`);
  return new Fuzz(appFuzz, `${seed} ${name}`, logger);
}
