import { setTimeout as wait } from 'node:timers/promises';
import { ArchiverError, ArtdaqDbError, messageOf } from '../../errors.ts';
import type { FhiclFile } from '../../fhicl/fhicl-file.ts';
import { currentOwner } from '../../lock/owner.ts';
import { type Logger, silentLogger } from '../../log/logger.ts';
import { byRunNumber, type RunNumber } from '../../runs/run-number.ts';
import { amendmentOf, notStored } from '../amendment.ts';
import type { AmendOutcome } from '../artdaqdb.ts';
import type { LoadWork, NativeArtdaqDb } from '../backend.ts';
import { type DatabaseOrigin, thisOrigin } from '../database-description.ts';
import { type ExportedDocument, exportedFiles, runOf } from '../run-export.ts';
import { type Submission, submission } from '../submission.ts';
import { amendDocument } from './amend.ts';
import { CollectionStore } from './collection-store.ts';
import { type CommitContext, commitRuns } from './commit.ts';
import { asDatabaseError, type DatabaseFiles, realFiles } from './database-files.ts';
import { DatabaseLock } from './database-lock.ts';
import { InsertQueue } from './insert-queue.ts';
import { RunFinder } from './run-finder.ts';
import { documentsUnder } from './run-lookup.ts';
import { Reconciler } from './sharing/reconciler.ts';
import { SharedDatabase } from './sharing/shared-database.ts';
import { VerifiedFile } from './sharing/verified-state.ts';

/** Logger, clock, file system and waiting of a database; the real ones, and no log, if absent. */
export interface FilesystemDbOptions {
  readonly logger?: Logger;
  readonly now?: () => Date;
  /** Who and where we are, for the metadata of a new database. */
  readonly origin?: DatabaseOrigin;
  readonly files?: DatabaseFiles;
  /** How to wait for other writers. */
  readonly sleep?: (milliseconds: number) => Promise<unknown>;
}

/**
 * artdaqDB as a directory of JSON documents, shared with the C++ tools (format: documentation/ARTDAQDB.md, "FilesystemDB on
 * disk"). Runs are found through the indexes alone, by exact name.
 */
export class FilesystemDb implements NativeArtdaqDb {
  readonly location: string;
  readonly #now: () => Date;
  readonly #context: CommitContext;
  readonly #shared: SharedDatabase;
  readonly #finder: RunFinder;
  readonly #queue = new InsertQueue((batch) => this.#commit(batch));
  #hasWritten = false;

  /** @param directory absolute path; made by the first insert, and without runs while it isn't there */
  constructor(directory: string, options: FilesystemDbOptions = {}) {
    const { logger = silentLogger, now = () => new Date(), files = realFiles, sleep = wait } = options;
    this.location = `filesystemdb://${directory}`;
    this.#now = now;
    const runHistory = new CollectionStore(directory, 'RunHistory', files, sleep);
    const systemLayout = new CollectionStore(directory, 'SystemLayout', files, sleep);
    const warn = (message: string) => logger.warning(message);
    const verified = new VerifiedFile(directory, files);
    const reconciler = new Reconciler({ runHistory, systemLayout, verified, now, sleep, logger });
    this.#context = { runHistory, systemLayout, reconciler, now, warn };
    const lock = new DatabaseLock(directory, { owner: currentOwner(), sleep, logger });
    const origin = options.origin ?? thisOrigin('');
    const { location } = this;
    this.#shared = new SharedDatabase({
      ...this.#context,
      directory,
      location,
      origin,
      files,
      lock,
      verified,
    });
    this.#finder = new RunFinder({ ...this.#context, shared: this.#shared, sleep });
  }

  async prepare(): Promise<void> {
    await this.#context.systemLayout.reader.configurations();
    try {
      await this.#shared.mendOurs();
    } catch (error) {
      throw asDatabaseError(error, `Documents and indexes of ${this.location} could not be compared`);
    }
  }

  async listRuns(): Promise<RunNumber[]> {
    const runs = (await this.#context.systemLayout.reader.configurations()).map(runOf);
    return [...new Set(runs.filter((run) => run !== undefined))].sort(byRunNumber);
  }

  async has(run: RunNumber, config: string): Promise<boolean> {
    return (await this.#context.systemLayout.reader.ids(`${run}/${config}`)).length > 0;
  }

  async insert(run: RunNumber, config: string, documents: readonly FhiclFile[]): Promise<void> {
    await this.#queue.store(await submission('insert', run, config, documents, this.#now));
  }

  async update(run: RunNumber, config: string, documents: readonly FhiclFile[]): Promise<void> {
    await this.#queue.store(await submission('update', run, config, documents, this.#now));
  }

  async amend(
    run: RunNumber,
    config: string,
    document: FhiclFile,
    mayReplace: (stored: string) => boolean,
  ): Promise<AmendOutcome> {
    const amendment = await amendmentOf(run, config, document, mayReplace, this.#now);
    try {
      if (!(await this.has(run, config))) throw notStored(amendment);
      this.#hasWritten = true;
      return await this.#shared.change((lock) => amendDocument(amendment, this.#context, lock));
    } catch (error) {
      throw asDatabaseError(error, `Run ${run} could not be amended in artdaqDB`, { run });
    }
  }

  /**
   * As of the interface. A run that another program stored is exported when it has been quiet for some seconds.
   * @throws ArtdaqDbError (retryable) also if it doesn't get quiet, or if documents of it are listed in no index
   */
  async export(run: RunNumber): Promise<FhiclFile[]> {
    const found = await this.#finder.find(run);
    if (found === undefined) throw new ArtdaqDbError(`Run ${run} is not stored in artdaqDB`, { run });
    return exportedFiles(run, found.configuration, found.documents, this.#context.warn);
  }

  async composition(run: RunNumber, config: string): Promise<ExportedDocument[]> {
    return documentsUnder(`${run}/${config}`, this.#stores);
  }

  /** As of the interface; waits and fails as `export` does. */
  async configurationOf(run: RunNumber): Promise<string | undefined> {
    const configuration = (await this.#finder.find(run))?.configuration;
    return configuration?.slice(configuration.indexOf('/') + 1);
  }

  /**
   * Lets another program of ours (bulkloader) store documents of a run, while no other process of this project writes.
   * The errors of ours that `work` throws pass through.
   * @throws ArtdaqDbError if another process keeps the database for too long (retryable), or it can't be read or written
   */
  async exclusively<Result>(run: RunNumber, config: string, work: LoadWork<Result>): Promise<Result> {
    const configuration = `${run}/${config}`;
    const { runHistory, systemLayout, reconciler } = this.#context;
    this.#hasWritten = true;
    this.#finder.expectOwnLoad(configuration);
    try {
      return await this.#shared.change(async (lock) => {
        const result = await work((collection) => {
          const store = collection === systemLayout.name ? systemLayout : runHistory;
          return reconciler.adopt(store, configuration, lock);
        });
        this.#context.reconciler.doubt();
        return result;
      });
    } catch (error) {
      if (error instanceof ArchiverError) throw error;
      throw asDatabaseError(error, `Run ${run} could not be stored in artdaqDB`, { run });
    }
  }

  async close(): Promise<void> {
    await this.#queue.drained();
    if (!this.#hasWritten) return;
    try {
      await this.#shared.mend();
    } catch (error) {
      this.#context.warn(`The next execution has to mend ${this.location}: ${messageOf(error)}`);
    }
  }

  get #stores(): readonly CollectionStore[] {
    return [this.#context.runHistory, this.#context.systemLayout];
  }

  #commit(batch: readonly Submission[]): Promise<unknown[]> {
    this.#hasWritten = true;
    return this.#shared.change((lock) => commitRuns(batch, this.#context, lock));
  }
}
