import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { RunRequest } from '../cli/cli.ts';
import { PersistenceError, type StageName } from '../errors.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { programVersion } from '../installation.ts';
import { makeRedactor } from '../log/log-line.ts';
import { statusPage } from '../report/html/status-page.ts';
import {
  isWhole,
  type LateTimes,
  type PlaceStatus,
  queryPlaces,
  type StageRecord,
  type Status,
  type StatusSource,
  type UnreadableRecord,
  type UnreadableStageRecord,
} from '../report/status.ts';
import { statusJson } from '../report/status-json.ts';
import { statusScreen } from '../report/status-screen.ts';
import { statusLines } from '../report/status-text.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { type RunSet, without } from '../runs/run-set.ts';
import type { Site } from '../site.ts';
import type { KnownReasons } from '../state/failure-reasons.ts';
import { followUpRecords } from '../state/follow-up-records.ts';
import type { GivenUp } from '../state/given-up-runs.ts';
import { allUncertain, type UncertainRuns, uncertainRuns } from '../state/uncompared-runs.ts';
import type { WaitingState } from '../state/waiting-runs.ts';
import { collectSummary } from './collect-summary.ts';
import type { Execution } from './mode.ts';

/** What is reported, and in which forms besides the log. */
export interface StatusRequest extends RunRequest {
  readonly mode: 'report-status';
  /** Only these runs; all if absent. */
  readonly runs: RunSet | undefined;
  /** Compare with the state files and failure logs. */
  readonly compareState: boolean;
  /** The report as JSON on stdout. */
  readonly json: boolean;
  /** The report as a page in this file. */
  readonly html: string | undefined;
  /** Flags that ask for work, which a report does not do. */
  readonly ignored: readonly string[];
}

/**
 * Asks the three places, and reports.
 * @returns true if every place answered and every record could be read
 * @throws PersistenceError if the page can't be written
 */
export async function reportStatus(
  request: StatusRequest,
  { site, print, screen, enter, shutdown }: Execution,
): Promise<boolean> {
  enter('Status Report');
  const logger = site.logger('run_record_archiver.reporter');
  if (request.ignored.length > 0) {
    const flag = request.compareState ? '--compare-state' : '--report-status';
    logger.warning(`${flag} only reports: ${request.ignored.join(', ')} has no effect`);
  }
  logger.info('Querying data sources...');
  screen?.wait('Asking run records, artdaqDB and UconDB …');
  const listed = await queryPlaces(sources(site, shutdown).map((source) => limitedTo(request.runs, source)));
  const uploads = await uncertainUploads(listed, site);
  const places = 'error' in uploads ? listed : withoutUncertain(listed, uploads);
  const stages = [
    await stageRecord('import', request.runs, site, await uncomparedRebuilds(listed, site)),
    await stageRecord('migrate', request.runs, site, uploads),
  ];
  const listing: Status = {
    places,
    stages,
    lateTimes: await lateTimes(site),
    givenUp: await givenUpRuns(request.runs, site),
  };
  const status = redacted(
    { ...listing, ...(await collectSummary(listing, request, site)) },
    site.config.secrets,
  );
  const reportLogger = logger.child({ isInReport: true });
  for (const { level, text } of statusLines(status, request.compareState)) reportLogger[level](text);
  screen?.show(
    statusScreen(
      status,
      { host: hostname(), time: site.now(), configPath: resolve(request.configPath) },
      request.compareState,
      screen,
    ),
  );
  if (request.json) print(statusJson(status, site.now()));
  if (request.html !== undefined)
    await writePage(request.html, status, request, site, (text) => {
      logger.info(text);
      screen?.show(`\n${text}\n`);
    });
  return isWhole(status);
}

async function writePage(
  path: string,
  status: Status,
  { configPath, runs, compareState, dryRun }: StatusRequest,
  site: Site,
  say: (text: string) => void,
): Promise<void> {
  if (dryRun) {
    say(`Dry run: would write ${path}`);
    return;
  }
  const page = statusPage(status, {
    time: site.now(),
    host: hostname(),
    version: programVersion(),
    configPath,
    selection: runs,
    compareState,
  });
  // The web server reads the page under another account.
  await writeFileAtomic(path, page, { mode: 0o644 });
  say(`Page written: ${path}`);
}

/** The log hides secrets itself, but JSON and page do not pass through it. */
function redacted({ places, stages, lateTimes, ...others }: Status, secrets: readonly string[]): Status {
  const redact = makeRedactor(secrets);
  return {
    ...others,
    places: places.map(({ location, error, ...place }) => ({
      ...place,
      location: location.map(([name, value]) => [name, redact(value)] as const),
      error: error === undefined ? undefined : redact(error),
    })),
    stages: stages.map((stage) =>
      'error' in stage
        ? { ...stage, error: redact(stage.error) }
        : {
            ...stage,
            reasons: redactedReasons(stage.reasons, redact),
            waiting: redactedCauses(stage.waiting, redact),
          },
    ),
    lateTimes: 'error' in lateTimes ? { error: redact(lateTimes.error) } : lateTimes,
  };
}

function redactedReasons({ byRun, problem }: KnownReasons, redact: (text: string) => string): KnownReasons {
  return {
    byRun: new Map(
      [...byRun].map(([run, { time, message }]) => [run, { time, message: redact(message) }] as const),
    ),
    problem: problem === undefined ? undefined : redact(problem),
  };
}

function redactedCauses(waiting: WaitingState, redact: (text: string) => string): WaitingState {
  const byFault = [...waiting.byFault].map(
    ([run, entry]) => [run, { ...entry, cause: redact(entry.cause) }] as const,
  );
  return { ...waiting, byFault: new Map(byFault) };
}

function sources(site: Site, shutdown: AbortSignal): StatusSource[] {
  const { records, artdaqDb } = site;
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
      listRuns: async () => (await site.uconDb()).listRuns(shutdown),
    },
  ];
}

function limitedTo(runs: RunSet | undefined, source: StatusSource): StatusSource {
  if (runs === undefined) return source;
  const listRuns = async (): Promise<RunNumber[]> => (await source.listRuns()).filter((run) => runs.has(run));
  return { ...source, listRuns };
}

/** Which runs in artdaqDB were stored from their blobs and not compared since. */
async function uncomparedRebuilds(
  places: readonly PlaceStatus[],
  { rebuilt }: Site,
): Promise<UncertainRuns | UnreadableRecord> {
  const stored = places.find(({ place }) => place === 'artdaqDB')?.runs ?? [];
  try {
    const noted = await rebuilt.read();
    return { uncompared: stored.filter((run) => noted.has(run)), different: [] };
  } catch (error) {
    if (!(error instanceof PersistenceError)) throw error;
    return { error: error.message };
  }
}

/** Which keys at UconDB don't count as migrated runs. */
async function uncertainUploads(
  places: readonly PlaceStatus[],
  site: Site,
): Promise<UncertainRuns | UnreadableRecord> {
  const listed = places.find(({ place }) => place === 'UconDB')?.runs ?? [];
  const { uncompared, verification, givenUp } = site;
  try {
    const { failures } = site.files('migrate');
    return await uncertainRuns(listed, { uncompared, unequal: verification.unequal, failures, givenUp });
  } catch (error) {
    if (!(error instanceof PersistenceError)) throw error;
    return { error: error.message };
  }
}

function withoutUncertain(places: readonly PlaceStatus[], uploads: UncertainRuns): PlaceStatus[] {
  const uncertain = allUncertain(uploads);
  return places.map((place) =>
    place.place === 'UconDB' && place.runs !== undefined
      ? { ...place, runs: without(place.runs, uncertain) }
      : place,
  );
}

/** An unreadable file does not stop the report: the runs of the places tell what to write into it. */
async function stageRecord(
  stage: StageName,
  runs: RunSet | undefined,
  site: Site,
  uploads: UncertainRuns | UnreadableRecord,
): Promise<StageRecord | UnreadableStageRecord> {
  const { state, failures, seen, waiting } = site.files(stage);
  if ('error' in uploads) return { stage, ...uploads };
  try {
    const { runs: givenUp } = await site.givenUp.read();
    return {
      stage,
      state: await state.read(),
      failed: (await failures.read()).filter((run) => runs?.has(run) ?? true),
      uncompared: uploads.uncompared.filter((run) => !givenUp.has(run)),
      reasons: await failures.reasons(),
      isKnown: await seen.membership(),
      waiting: selectedOf(await waiting.read(), runs),
    };
  } catch (error) {
    if (!(error instanceof PersistenceError)) throw error;
    return { stage, error: error.message };
  }
}

function selectedOf(waiting: WaitingState, runs: RunSet | undefined): WaitingState {
  if (runs === undefined) return waiting;
  return {
    ...waiting,
    byFault: new Map([...waiting.byFault].filter(([run]) => runs.has(run))),
    postponed: new Map([...waiting.postponed].map(([reason, list]) => [reason, list.intersection(runs)])),
  };
}

/** Undefined if the record can't be read, as each stage says. */
async function givenUpRuns(runs: RunSet | undefined, site: Site): Promise<GivenUp | undefined> {
  try {
    const givenUp = await site.givenUp.read();
    return runs === undefined ? givenUp : givenUp.of(runs);
  } catch (error) {
    if (!(error instanceof PersistenceError)) throw error;
    return undefined;
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
