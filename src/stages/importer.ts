import type { ArtdaqDb } from '../clients/artdaqdb/artdaqdb.ts';
import type { FhiclFile } from '../fhicl/fhicl-file.ts';
import { parseFhicl } from '../fhicl/parse.ts';
import type { FollowUpRecords } from '../persistence/follow-up-records.ts';
import type { GenerateName } from '../records/generate-names.ts';
import { type PreparedRun, prepareRun } from '../records/prepare.ts';
import type { RunRecord, RunRecordSource } from '../records/run-record-source.ts';
import { isWaiting } from '../records/waiting.ts';
import type { RunNumber } from '../run-number.ts';
import type { Logger } from '../services/logger.ts';
import { BaseStage } from './base-stage.ts';
import type { Listing, Postponement } from './candidates.ts';
import type { FollowUps } from './follow-ups.ts';
import { Visit } from './run-end.ts';
import type { StageContext, StageRequest } from './stage.ts';
import { UnfinishedRuns } from './unfinished-runs.ts';

/** What the import stage works with. */
export interface ImporterParts {
  readonly records: RunRecordSource;
  readonly artdaqDb: ArtdaqDb;
  /** Which converters and generators run (`fhiclize_generate`). */
  readonly generate: ReadonlySet<GenerateName>;
  /** Reads `schema.fcl` from `fcl_conf_dir`; throws ConfigurationError if it can't. */
  readonly readSchema: () => Promise<FhiclFile>;
  /** A run without stop time that is younger than so many hours is left for later. */
  readonly waitForStopTimeHours: number;
  readonly followUpRecords: FollowUpRecords;
  readonly now: () => Date;
}

/** Run directory -> FHiCL documents -> artdaqDB. */
export class Importer extends BaseStage {
  readonly name = 'import';
  protected readonly label = 'Import Stage';
  protected readonly verb = 'import';
  protected readonly target = 'artdaqDB';
  protected readonly usualPlace = 'artdaqDB write';
  readonly #parts: ImporterParts;
  readonly #unfinished: UnfinishedRuns;
  #schema: FhiclFile | undefined;

  constructor(parts: ImporterParts, context: StageContext) {
    super(context);
    this.#parts = parts;
    const { records, artdaqDb, followUpRecords: files, now } = parts;
    this.#unfinished = new UnfinishedRuns({ records, artdaqDb, files, now, logger: context.logger });
  }

  protected async list(readOnly: boolean): Promise<Listing> {
    const { records, artdaqDb, readSchema } = this.#parts;
    // Before any run is tried: a missing schema is the site's fault, not that of the runs.
    this.#schema = await readSchema();
    const visit = new Visit();
    const source = await visit.at('run records', () => records.listRuns());
    this.logger.info(`Found ${source.length} run directories in filesystem`);
    this.logger.info('Querying ArtdaqDB for already archived runs...');
    const target = await visit.at('artdaqDB read', async () => {
      if (!readOnly) await artdaqDb.prepare();
      return await artdaqDb.listRuns();
    });
    this.logger.info(`Found ${target.length} runs already in ArtdaqDB`);
    return { source, target };
  }

  protected override emptySourceNotice(): string {
    return (
      `No runs found in ${this.#parts.records.location}, but earlier executions saw runs there: is its file system mounted, and ` +
      'is source_files.run_records_dir still right? Until they are back no run is imported'
    );
  }

  protected override async postponed(
    runs: readonly RunNumber[],
  ): Promise<ReadonlyMap<RunNumber, Postponement>> {
    const { records, waitForStopTimeHours: hours, now } = this.#parts;
    const text = `for their stop time (source_files.wait_for_stop_time_hours: ${hours})`;
    const postponed = new Map<RunNumber, Postponement>();
    for (const run of runs) {
      if (await isWaiting(run, hours, records, now())) postponed.set(run, { reason: 'stop-time', text });
    }
    return postponed;
  }

  protected async followUps(listing: Listing, { runs }: StageRequest, readOnly: boolean): Promise<FollowUps> {
    const isSelected = (run: RunNumber): boolean => runs === undefined || runs.has(run);
    const isOn = this.#parts.generate.has('RunHistory2');
    return {
      runs: isOn ? await this.#unfinished.due(listing, isSelected, !readOnly) : [],
      what: 'a time added to artdaqDB that came into the run directory after they were archived',
      work: (run, logger, visit) => visit.at('artdaqDB write', () => this.#unfinished.amend(run, logger)),
    };
  }

  protected async process(run: RunNumber, logger: Logger, visit: Visit): Promise<void> {
    const { record, prepared } = await visit.at('run records', () => this.#prepare(run));
    for (const warning of prepared.warnings) logger.warning(`Run ${run}: ${warning}`);
    if (prepared.update.length === 0) logger.debug(`Run ${run}: no start or stop time, no RunHistory2`);
    const { artdaqDb, generate } = this.#parts;
    // One insert instead of insert and update: a crash between the two would leave the run without its times for good.
    const documents = [...prepared.documents, ...prepared.update];
    const insert = () => visit.at('artdaqDB write', () => artdaqDb.insert(run, prepared.config, documents));
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
    const record = await records.read(run);
    const prepared = prepareRun(record, { generate, schema });
    return { record, prepared: { ...prepared, warnings: [...record.warnings, ...prepared.warnings] } };
  }
}
