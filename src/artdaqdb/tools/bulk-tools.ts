import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ArchiverError, ArtdaqDbError, messageOf } from '../../errors.ts';
import { entityOf, type FhiclFile } from '../../fhicl/fhicl-file.ts';
import { type Logger, silentLogger } from '../../log/logger.ts';
import type { RunNumber } from '../../runs/run-number.ts';
import { errorCode, mayPass } from '../../system-error.ts';
import type { AmendOutcome, ArtdaqDb, ListingOptions } from '../artdaqdb.ts';
import type { LoadWork, NativeArtdaqDb } from '../backend.ts';
import { notStored, storedAlready, unknownRun } from '../presence.ts';
import { exportedFiles } from '../run-export.ts';
import { type Submission, submission } from '../submission.ts';
import type { PrivateDirectories } from './private-directories.ts';
import {
  confirmStored,
  filesDirectory,
  missingDocuments,
  readExported,
  type WantedDocument,
  wantedDocuments,
} from './read-back.ts';
import type { SiteTrouble, ToolHost } from './tool-host.ts';
import { refuseConfig, refuseDirectory, refuseEntity, refuseLosses } from './tool-limits.ts';

/** The tools, where they run and work, and who reads the same database. */
export interface BulkToolsOptions {
  /** Lists the runs, and reads back what a load stored. */
  readonly native: NativeArtdaqDb;
  readonly host: ToolHost;
  readonly directories: PrivateDirectories;
  readonly logger?: Logger;
  readonly now?: () => Date;
}

/**
 * artdaqDB written and exported by bulkloader and bulkdownloader. They check little and report less, so this program reads back
 * what they did. A run is loaded in two steps: first all other documents, and once these are known to be stored, the schema, by
 * which readers take a run for stored.
 */
export class BulkTools implements ArtdaqDb {
  readonly location: string;
  readonly #native: NativeArtdaqDb;
  readonly #host: ToolHost;
  readonly #directories: PrivateDirectories;
  readonly #logger: Logger;
  readonly #now: () => Date;
  #cleared: Promise<void> | undefined;
  /** Runs, by configuration name, whose schema was sent and may or may not be stored. */
  readonly #unsure = new Set<string>();

  constructor(options: BulkToolsOptions) {
    this.#native = options.native;
    this.#host = options.host;
    this.#directories = options.directories;
    this.#logger = options.logger ?? silentLogger;
    this.#now = options.now ?? (() => new Date());
    this.location = options.native.location;
  }

  async prepare(): Promise<void> {
    refuseDirectory(this.#directories.own);
    await this.#host.check();
    await this.#clear();
    await this.#native.prepare();
  }

  listRuns(options?: ListingOptions): Promise<RunNumber[]> {
    return this.#native.listRuns(options);
  }

  has(run: RunNumber, config: string): Promise<boolean> {
    return this.#native.has(run, config);
  }

  async insert(run: RunNumber, config: string, documents: readonly FhiclFile[]): Promise<void> {
    const submitted = await this.#submission('insert', run, config, documents);
    const wanted = wantedDocuments(submitted);
    const schema = wanted.filter(({ collection }) => collection === 'SystemLayout');
    const others = wanted.filter((document) => !schema.includes(document));
    await this.#clear();
    await this.#exclusively(run, config, async (recover) => {
      await this.#directories.outlastOrphans();
      await recover('RunHistory');
      const mayBeStored = this.#unsure.has(submitted.configuration);
      if (!mayBeStored && (await this.#native.has(run, config))) throw storedAlready(submitted);
      await this.#load(submitted, config, wanted, others);
      await recover('SystemLayout');
      await this.#complete(submitted, config, wanted, schema);
    });
  }

  async update(run: RunNumber, config: string, documents: readonly FhiclFile[]): Promise<void> {
    const submitted = await this.#submission('update', run, config, documents);
    // The run has its schema already.
    const wanted = wantedDocuments(submitted).filter(({ collection }) => collection === 'RunHistory');
    await this.#clear();
    await this.#exclusively(run, config, async (recover) => {
      await this.#directories.outlastOrphans();
      await recover('RunHistory');
      if (!(await this.#native.has(run, config))) throw notStored(submitted);
      await this.#load(submitted, config, wanted, wanted);
    });
  }

  /** Done by this program itself: the tools can only add. */
  async amend(
    run: RunNumber,
    config: string,
    document: FhiclFile,
    mayReplace: (stored: string) => boolean,
  ): Promise<AmendOutcome> {
    refuseLosses(run, document);
    return this.#native.amend(run, config, document, mayReplace);
  }

  async export(run: RunNumber): Promise<FhiclFile[]> {
    const config = await this.#native.configurationOf(run);
    if (config === undefined) throw unknownRun(run);
    refuseConfig(run, config);
    const documents = await this.#native.composition(run, config);
    const stored = exportedFiles(run, `${run}/${config}`, documents, (message) =>
      this.#logger.child({ run, repeats: true }).warning(message),
    );
    for (const file of stored) refuseEntity(run, entityOf(file));
    return this.#directories.use(async (directory) => {
      // Made here, because bulkdownloader fails to make it for names with blanks.
      await mkdir(filesDirectory(directory, config), { recursive: true });
      const trouble = await this.#host.run({ tool: 'bulkdownloader', run, config, directory });
      return readExported(run, directory, config, stored, trouble);
    });
  }

  async close(): Promise<void> {
    await this.#native.close();
    await this.#directories.close();
  }

  /** Does something while no other process of this project stores the run. */
  #exclusively(run: RunNumber, config: string, work: LoadWork<void>): Promise<void> {
    return this.#native.exclusively(run, config, work, this.#directories.root);
  }

  async #submission(
    kind: Submission['kind'],
    run: RunNumber,
    config: string,
    documents: readonly FhiclFile[],
  ): Promise<Submission> {
    const submitted = await submission(kind, run, config, documents, this.#now);
    refuseConfig(run, config);
    for (const file of documents) {
      refuseEntity(run, entityOf(file));
      refuseLosses(run, file);
    }
    return submitted;
  }

  /**
   * Loads the schema. From then on the run counts as stored, and another attempt would be refused: a failure of the tool after
   * that is only a warning.
   */
  async #complete(
    submitted: Submission,
    config: string,
    wanted: readonly WantedDocument[],
    schema: readonly WantedDocument[],
  ): Promise<void> {
    const { run, configuration } = submitted;
    this.#unsure.add(configuration);
    try {
      await this.#load(submitted, config, wanted, schema, wanted);
    } catch (error) {
      if (!(error instanceof ArchiverError) || !(await this.#isWhole(submitted, config, wanted))) throw error;
      this.#logger
        .child({ run, error })
        .warning(`Run ${run} is wholly stored and read back, in spite of this failure: ${error.message}`);
    }
    this.#unsure.delete(configuration);
  }

  async #isWhole(submitted: Submission, config: string, wanted: readonly WantedDocument[]): Promise<boolean> {
    const { run } = submitted;
    try {
      confirmStored(submitted, wanted, await this.#native.composition(run, config));
      return true;
    } catch (error) {
      if (!(error instanceof ArchiverError)) throw error;
      this.#logger.child({ run, error }).debug(`Run ${run} after the tool's failure: ${error.message}`);
      return false;
    }
  }

  /**
   * Loads the missing documents of a step, and reads back what became of them.
   * @param wanted all documents of the run
   * @param whole must all be stored afterwards; those outside the step, beforehand
   */
  async #load(
    submitted: Submission,
    config: string,
    wanted: readonly WantedDocument[],
    step: readonly WantedDocument[],
    whole: readonly WantedDocument[] = step,
  ): Promise<void> {
    const { run } = submitted;
    const stored = await this.#native.composition(run, config);
    const missing = missingDocuments(submitted, wanted, stored);
    const before = whole.filter((document) => !step.includes(document));
    confirmStored(submitted, before, stored);
    const files = missing.filter((document) => step.includes(document));
    let trouble: SiteTrouble | undefined;
    if (files.length > 0) {
      trouble = await this.#directories.use(async (directory) => {
        for (const { entry, file } of files)
          await write(join(directory, `${entry.entity}.fcl`), file.text, run);
        return this.#host.run({ tool: 'bulkloader', run, config, directory });
      });
    }
    confirmStored(submitted, whole, await this.#native.composition(run, config), trouble);
  }

  /** Removes what killed archivers left, once before the first load. */
  async #clear(): Promise<void> {
    this.#cleared ??= this.#directories.clear();
    try {
      await this.#cleared;
    } catch (error) {
      this.#cleared = undefined;
      throw error;
    }
  }
}

async function write(path: string, text: string, run: RunNumber): Promise<void> {
  try {
    await writeFile(path, text, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    throw new ArtdaqDbError(`Run ${run}: cannot write ${path} for bulkloader: ${messageOf(error)}`, {
      run,
      retryable: mayPass(error),
      place: 'work directory',
      cause: error,
    });
  }
}
