import { setTimeout as wait } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { ArtdaqDb } from '../artdaqdb/artdaqdb.ts';
import { ArchiverError } from '../errors.ts';
import type { FhiclFile } from '../fhicl/fhicl-file.ts';
import { parseFhicl } from '../fhicl/parse.ts';
import type { Logger } from '../log/logger.ts';
import type { GenerateName } from '../records/converters/converters.ts';
import { type PreparedRun, prepareRun } from '../records/prepare.ts';
import type { RunRecord, RunRecordSource } from '../records/run-record-source.ts';
import { waitsForStopTime } from '../records/run-times.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { RunSet } from '../runs/run-set.ts';
import type { FollowUpRecords } from '../state/follow-up-records.ts';
import { positionOf } from '../state/position.ts';
import type { PostponementReason } from '../state/waiting-runs.ts';
import { BaseStage } from './base-stage.ts';
import type { FollowUps } from './before-batch.ts';
import type { Listing } from './candidates.ts';
import type { StageContext, StageRequest } from './stage.ts';
import { GLANCES_AT_ONCE, UnfinishedRuns } from './unfinished-runs.ts';
import { Visit } from './visit.ts';

/** What the import stage works with. */
export interface ImporterParts {
  readonly records: RunRecordSource;
  readonly artdaqDb: ArtdaqDb;
  /** The converters and generators that run (`fhiclize_generate`). */
  readonly generate: ReadonlySet<GenerateName>;
  /** Reads `schema.fcl` from `fcl_conf_dir`; throws ConfigurationError if it can't. */
  readonly readSchema: () => Promise<FhiclFile>;
  /** Hours for which a run without stop time is left for later. */
  readonly waitForStopTimeHours: number;
  readonly followUpRecords: FollowUpRecords;
  readonly now: () => Date;
  /** Waits so many milliseconds between two looks; by the real clock if absent. */
  readonly sleep?: (milliseconds: number) => Promise<unknown>;
}

/** Run directory -> FHiCL documents -> artdaqDB. */
export class Importer extends BaseStage {
  readonly name = 'import';
  protected readonly label = 'Import Stage';
  protected readonly verb = 'import';
  protected readonly target = 'artdaqDB';
  protected readonly usualPlace = 'artdaqDB write';
  readonly #parts: ImporterParts;
  readonly #context: StageContext;
  readonly #unfinished: UnfinishedRuns;
  /** The signatures of run records when they were found whole. */
  readonly #signatures = new Map<RunNumber, string>();
  #schema: FhiclFile | undefined;

  constructor(parts: ImporterParts, context: StageContext) {
    super(context);
    this.#parts = parts;
    this.#context = context;
    const { records, artdaqDb, followUpRecords: files, sleep = wait } = parts;
    this.#unfinished = new UnfinishedRuns({ records, artdaqDb, files, logger: context.logger, sleep });
  }

  protected async list(readOnly: boolean, mayBeRemembered: boolean): Promise<Listing> {
    const { records, artdaqDb, readSchema } = this.#parts;
    // Before any run is tried: a missing schema is the site's fault, not the runs'.
    this.#schema = await readSchema();
    const visit = new Visit();
    const known = mayBeRemembered ? await this.#passed() : undefined;
    const source = await visit.at('run records', () => records.listRuns(known));
    this.logger.info(`Found ${source.length} run directories in filesystem`);
    this.logger.info('Querying ArtdaqDB for already archived runs...');
    const target = await visit.at('artdaqDB read', async () => {
      if (!readOnly) await artdaqDb.prepare();
      return await artdaqDb.listRuns({ mayBeRemembered });
    });
    this.logger.info(`Found ${target.length} runs already in ArtdaqDB`);
    return { source: RunSet.of(source), target: RunSet.of(target) };
  }

  /** Runs that earlier executions saw and have passed: none is a candidate, whatever it has become. */
  async #passed(): Promise<RunSet | undefined> {
    const { state, seen } = this.#context.files;
    // An update, though of nothing, keeps a copy of a state that can't be understood.
    const position = positionOf(await state.updateIfNeeded((before) => before));
    return position === 0 ? undefined : (await seen.read())?.upTo(position);
  }

  protected override emptySourceNotice(): string {
    return (
      `No runs found in ${this.#parts.records.location}, but earlier executions saw runs there: is its file system mounted, and ` +
      'is source_files.run_records_dir still right? Until they are back no run is imported'
    );
  }

  protected override async postponed(
    runs: readonly RunNumber[],
  ): Promise<ReadonlyMap<RunNumber, PostponementReason>> {
    const postponed = new Map<RunNumber, PostponementReason>();
    for (const run of await this.#withoutStopTime(runs)) postponed.set(run, 'stop-time');
    const examined = await this.#parts.records.examine(runs.filter((run) => !postponed.has(run)));
    for (const [run, found] of examined) {
      if (found.is === 'whole') {
        this.#signatures.set(run, found.signature);
        continue;
      }
      postponed.set(run, 'copying');
      const logger = this.logger.child({ run, repeats: true });
      if (found.neverQuiet) {
        logger.warning(
          `Run ${run} is left for later as ${found.why}, although parts of it are more than a day old: what keeps changing it?`,
        );
      } else logger.info(`Run ${run} is still being copied: ${found.why}`);
    }
    return postponed;
  }

  /** The runs that wait for their stop time. One that can't be looked at does not wait: reading it says why. */
  async #withoutStopTime(runs: readonly RunNumber[]): Promise<RunNumber[]> {
    const { records, waitForStopTimeHours: hours, now } = this.#parts;
    if (hours === 0) return [];
    const newestChange = await records.newestChange();
    const waiting = await pLimit(GLANCES_AT_ONCE).map(runs, async (run) => {
      try {
        return waitsForStopTime(await records.glance(run), hours, now().getTime(), newestChange);
      } catch (error) {
        if (error instanceof ArchiverError) return false;
        throw error;
      }
    });
    return runs.filter((_, index) => waiting[index]);
  }

  protected async followUps(
    listing: Listing,
    { mode, runs }: StageRequest,
    readOnly: boolean,
  ): Promise<FollowUps> {
    const selected = { runs, all: mode === 'full' || runs !== undefined };
    const isOn = this.#parts.generate.has('RunHistory2');
    return {
      runs: isOn ? await this.#unfinished.due(listing, selected, readOnly) : [],
      what: 'a time added to artdaqDB that came into the run directory after they were archived',
      work: (run, logger, visit) => visit.at('artdaqDB write', () => this.#unfinished.amend(run, logger)),
    };
  }

  protected async process(run: RunNumber, logger: Logger, visit: Visit): Promise<void> {
    const { record, prepared } = await visit.at('run records', () => this.#prepare(run));
    for (const warning of prepared.warnings)
      logger.child({ repeats: true }).warning(`Run ${run}: ${warning}`);
    if (prepared.update.length === 0) logger.debug(`Run ${run}: no start or stop time, no RunHistory2`);
    const { artdaqDb, generate } = this.#parts;
    // One insert, not insert and update: a crash between the two would leave the run without its times for good.
    const documents = [...prepared.documents, ...prepared.update];
    const insert = () =>
      visit.at('artdaqDB write', () =>
        artdaqDb.insert(run, prepared.config, documents, () => visit.handOver()),
      );
    if (!generate.has('RunHistory2')) await insert();
    else await visit.at('work directory', () => this.#unfinished.storing(record, insert));
    logger.info(`✓ Run ${run} imported successfully`);
  }

  protected async preview(run: RunNumber): Promise<string[]> {
    const { prepared } = await this.#prepare(run);
    const { config, documents, update, warnings } = prepared;
    const files = [...documents, ...update];
    for (const { name, text } of files) parseFhicl(text, name);
    return [
      `would be imported as ${run}/${config}: ${files.map(({ name }) => name).join(', ')}`,
      ...warnings.map((warning) => `would give a warning: ${warning}`),
    ];
  }

  async #prepare(run: RunNumber): Promise<{ readonly record: RunRecord; readonly prepared: PreparedRun }> {
    const { records, generate } = this.#parts;
    const schema = this.#schema;
    if (schema === undefined) throw new Error('a run is processed before the runs were listed');
    const record = await records.read(run, this.#signatures.get(run));
    const prepared = prepareRun(record, { generate, schema });
    // The rest of a large record is memory that the next run needs.
    const kept = record.files.filter(({ path }) => path === 'metadata.txt');
    return {
      record: { ...record, files: kept },
      prepared: { ...prepared, warnings: [...record.warnings, ...prepared.warnings] },
    };
  }
}
