import type { ArtdaqDb } from '../clients/artdaqdb/artdaqdb.ts';
import type { FhiclFile } from '../fhicl/fhicl-file.ts';
import { parseFhicl } from '../fhicl/parse.ts';
import type { GenerateName } from '../records/generate-names.ts';
import { type PreparedRun, prepareRun } from '../records/prepare.ts';
import type { RunRecordSource } from '../records/run-record-source.ts';
import type { RunNumber } from '../run-number.ts';
import type { Logger } from '../services/logger.ts';
import { BaseStage, type StageContext } from './base-stage.ts';
import type { Listing } from './candidates.ts';

/** What the import stage works with. */
export interface ImporterParts {
  readonly records: RunRecordSource;
  readonly artdaqDb: ArtdaqDb;
  /** Which converters and generators run (`fhiclize_generate`). */
  readonly generate: ReadonlySet<GenerateName>;
  /** Reads `schema.fcl` from `fcl_conf_dir`; throws ConfigurationError if it can't. */
  readonly readSchema: () => Promise<FhiclFile>;
}

/** Run directory -> FHiCL documents -> artdaqDB. */
export class Importer extends BaseStage {
  readonly name = 'import';
  protected readonly label = 'Import Stage';
  protected readonly verb = 'import';
  readonly #parts: ImporterParts;
  #schema: FhiclFile | undefined;

  constructor(parts: ImporterParts, context: StageContext) {
    super(context);
    this.#parts = parts;
  }

  protected async list(readOnly: boolean): Promise<Listing> {
    const { records, artdaqDb, readSchema } = this.#parts;
    // Before any run is tried: a missing schema is the site's fault, not that of the runs.
    this.#schema = await readSchema();
    const source = await records.listRuns();
    this.logger.info(`Found ${source.length} run directories in filesystem`);
    this.logger.info('Querying ArtdaqDB for already archived runs...');
    if (!readOnly) await artdaqDb.prepare();
    const target = await artdaqDb.listRuns();
    this.logger.info(`Found ${target.length} runs already in ArtdaqDB`);
    return { source, target };
  }

  protected async process(run: RunNumber, logger: Logger): Promise<void> {
    const prepared = await this.#prepare(run);
    for (const warning of prepared.warnings) logger.warning(`Run ${run}: ${warning}`);
    if (prepared.update.length === 0) logger.debug(`Run ${run}: no start or stop time, no RunHistory2`);
    // One insert instead of insert and update: a crash between the two would leave the run without its times for good.
    await this.#parts.artdaqDb.insert(run, prepared.config, [...prepared.documents, ...prepared.update]);
    logger.info(`✓ Run ${run} imported successfully`);
  }

  protected async preview(run: RunNumber): Promise<string[]> {
    const { config, documents, update, warnings } = await this.#prepare(run);
    const files = [...documents, ...update];
    for (const { name, text } of files) parseFhicl(text, name);
    return [
      `would be imported as ${run}/${config}: ${files.map(({ name }) => name).join(', ')}`,
      ...warnings.map((warning) => `would give a warning: ${warning}`),
    ];
  }

  async #prepare(run: RunNumber): Promise<PreparedRun> {
    const { records, generate } = this.#parts;
    const schema = this.#schema;
    if (schema === undefined) throw new Error('a run is processed before the runs were listed');
    const record = await records.read(run);
    const prepared = prepareRun(record, { generate, schema });
    return { ...prepared, warnings: [...record.warnings, ...prepared.warnings] };
  }
}
