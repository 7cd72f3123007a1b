import type { RunRequest } from '../cli/request.ts';
import { ArchiverError, type StageName } from '../errors.ts';
import { readSchemaFile } from '../records/schema-file.ts';
import type { RunNumber } from '../run-number.ts';
import type { BaseStage, StageContext, StageRequest, StageResult } from '../stages/base-stage.ts';
import { Importer } from '../stages/importer.ts';
import { Migrator } from '../stages/migrator.ts';
import type { Execution } from './execution.ts';

type StagesRequest = Extract<
  RunRequest,
  { mode: 'pipeline' | 'import-only' | 'migrate-only' | 'retry-failed' }
>;

const rule = '='.repeat(60);
const titles = {
  import: { normal: 'Import', failed: 'Import Recovery' },
  migrate: { normal: 'Migration', failed: 'Migration Recovery' },
} as const;

/**
 * Runs the stages that the request names, in order.
 * @returns true if every run succeeded
 */
export async function runStages(request: StagesRequest, execution: Execution): Promise<boolean> {
  let allWell = true;
  let archived: readonly RunNumber[] = [];
  for (const name of stagesOf(request)) {
    if (execution.shutdown.aborted) break;
    const result = await runStage(name, request, execution, archived);
    if (result === undefined || result.failed.length > 0) allWell = false;
    archived = result?.successful ?? [];
  }
  return allWell;
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

/**
 * A stage that can't determine its runs does not keep the next one from running.
 * @param archived by the stage before; a dry run only said so
 * @returns undefined if the stage as a whole failed
 */
async function runStage(
  name: StageName,
  request: StagesRequest,
  execution: Execution,
  archived: readonly RunNumber[],
): Promise<StageResult | undefined> {
  const { logger } = execution;
  const mode =
    request.mode === 'retry-failed' ? 'failed' : request.incremental ? 'incremental' : ('full' as const);
  const title = titles[name][mode === 'failed' ? 'failed' : 'normal'];
  const modeLine = { failed: 'Retry of failed runs', incremental: 'Incremental', full: 'Full' }[mode];
  execution.enter(title);
  for (const line of [rule, `STAGE: ${title}`, `Mode: ${modeLine}`, rule]) logger.info(line);
  const chosen: StageRequest = { mode, runs: request.runs, limit: request.limit };
  try {
    const stage = makeStage(name, request.validate, execution);
    const result = request.dryRun ? await stage.dryRun(chosen, archived) : await stage.run(chosen);
    const { failed } = result;
    if (failed.length === 0) logger.info(`✓ ${title} Stage completed successfully`);
    else logger.warning(`✗ ${title} Stage completed with ${failed.length} failed runs`);
    return result;
  } catch (error) {
    if (!(error instanceof ArchiverError)) throw error;
    logger.critical(`${title} Stage: Failed: ${error.message}`);
    return undefined;
  }
}

function makeStage(name: StageName, validate: boolean, { site, shutdown }: Execution): BaseStage {
  const { config } = site;
  const context: StageContext = {
    settings: config.app,
    files: site.files(name),
    logger: site.logger(`run_record_archiver.${name === 'import' ? 'importer' : 'migrator'}`),
    shutdown,
  };
  if (name === 'migrate') {
    return new Migrator({ artdaqDb: site.artdaqDb, uconDb: site.uconDb, validate, now: site.now }, context);
  }
  return new Importer(
    {
      records: site.records,
      artdaqDb: site.artdaqDb,
      generate: config.fhiclizeGenerate,
      readSchema: () => readSchemaFile(config.artdaqDb.fclConfDir),
    },
    context,
  );
}
