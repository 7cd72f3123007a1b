import type { RunRequest } from '../cli/request.ts';
import { PersistenceError, type StageName } from '../errors.ts';
import { followUpRecords } from '../persistence/follow-up-records.ts';
import { statusJson } from '../report/json.ts';
import {
  isWhole,
  type LateTimes,
  queryPlaces,
  type StageRecord,
  type StatusSource,
  type UnreadableRecord,
  type UnreadableStageRecord,
} from '../report/status.ts';
import { statusLines } from '../report/text.ts';
import type { RunNumber } from '../run-number.ts';
import type { RunSet } from '../run-set.ts';
import type { Site } from '../site.ts';
import type { Execution } from './execution.ts';

type ReportRequest = Extract<RunRequest, { mode: 'report-status' }>;

/**
 * Asks the three places, and reports.
 * @returns true if everything could be asked and read
 */
export async function reportStatus(
  request: ReportRequest,
  { site, print, enter }: Execution,
): Promise<boolean> {
  enter('Status Report');
  const logger = site.logger('run_record_archiver.reporter');
  logger.info('Querying data sources...');
  const places = await queryPlaces(sources(site).map((source) => limitedTo(request.runs, source)));
  const stages = [await stageRecord('import', site), await stageRecord('migrate', site)];
  const status = { places, stages, lateTimes: await lateTimes(site) };
  for (const { level, text } of statusLines(status, request.compareState)) logger[level](text);
  if (request.json) print(statusJson(status, site.now()));
  return isWhole(status);
}

function sources(site: Site): StatusSource[] {
  const { records, artdaqDb, uconDb } = site;
  const { serverUrl, folderName, objectName } = site.config.uconDb;
  return [
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
        ['Server URL', serverUrl],
        ['Folder/Object', `${folderName}/${objectName}`],
      ],
      listRuns: () => uconDb.listRuns(),
    },
  ];
}

function limitedTo(runs: RunSet | undefined, source: StatusSource): StatusSource {
  if (runs === undefined) return source;
  const listRuns = async (): Promise<RunNumber[]> => (await source.listRuns()).filter((run) => runs.has(run));
  return { ...source, listRuns };
}

/** A file that can't be read does not keep the places from being reported: their runs tell what to write into it. */
async function stageRecord(stage: StageName, site: Site): Promise<StageRecord | UnreadableStageRecord> {
  const { state, failures, seen } = site.files(stage);
  try {
    return {
      stage,
      state: await state.read(),
      failed: await failures.read(),
      isKnown: await seen.membership(),
    };
  } catch (error) {
    if (!(error instanceof PersistenceError)) throw error;
    return { stage, error: error.message };
  }
}

async function lateTimes(site: Site): Promise<LateTimes | UnreadableRecord> {
  const { unfinished, amended } = followUpRecords(site.config.app.workDir);
  try {
    const [without, later] = [await unfinished.read(), await amended.read()];
    return {
      isUnfinished: (run) => without?.has(run) === true,
      isAmended: (run) => later?.has(run) === true,
    };
  } catch (error) {
    if (!(error instanceof PersistenceError)) throw error;
    return { error: error.message };
  }
}
