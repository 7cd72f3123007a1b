import { setTimeout as wait } from 'node:timers/promises';
import pLimit from 'p-limit';
import { ArchiverError, messageOf } from '../../errors.ts';
import type { Collection } from '../../fhicl/document.ts';
import type { FhiclFile } from '../../fhicl/fhicl-file.ts';
import { currentOwner } from '../../lock/owner.ts';
import { type Logger, silentLogger } from '../../log/logger.ts';
import type { RunNumber } from '../../runs/run-number.ts';
import { type Amendment, amendmentOf, ofEntity, planAmendment } from '../amendment.ts';
import type { AmendOutcome, HandOver, ListingOptions } from '../artdaqdb.ts';
import type { LoadWork, NativeArtdaqDb, RunListCache } from '../backend.ts';
import { configOf } from '../configuration-name.ts';
import { type DatabaseOrigin, thisOrigin } from '../database-description.ts';
import { notStored, unknownRun } from '../presence.ts';
import { exportedFiles } from '../run-export.ts';
import type { ExportedDocument } from '../stored-document.ts';
import { submission } from '../submission.ts';
import type { CollectionStore } from './collection-store.ts';
import { asDatabaseError, type DatabaseFiles, realFiles } from './database-files.ts';
import { DatabaseLock } from './database-lock.ts';
import type { IndexReader } from './index/index-reader.ts';
import { InsertQueue } from './insert-queue.ts';
import { documentsUnder, type FoundRun, RunFinder } from './run-finder.ts';
import { RunListing } from './run-listing.ts';
import { type LockedDatabase, SharedDatabase } from './sharing/shared-database.ts';
import { storeRuns } from './store-runs.ts';

/** About so many times the size of its FHiCL is what is stored of a run. */
const STORED_SIZE = 4;

/** The world around a database. Absent members mean the real one, and no log. */
export interface FilesystemDbOptions {
  readonly logger?: Logger;
  readonly now?: () => Date;
  /** Who and where we are, for the metadata of a new database. */
  readonly origin?: DatabaseOrigin;
  readonly files?: DatabaseFiles;
  readonly runLists?: RunListCache | undefined;
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
  readonly #logger: Logger;
  readonly #shared: SharedDatabase;
  readonly #listing: RunListing;
  readonly #finder: RunFinder;
  readonly #queue: InsertQueue;
  /** Runs are converted one after the other: it takes a processor, and their documents take memory. */
  readonly #inTurn = pLimit(1);
  #hasWritten = false;

  /** @param directory absolute path; the first insert makes it, and until then it holds no runs */
  constructor(directory: string, options: FilesystemDbOptions = {}) {
    const { logger = silentLogger, now = () => new Date(), files = realFiles, sleep = wait } = options;
    const origin = options.origin ?? thisOrigin('');
    this.location = `filesystemdb://${directory}`;
    this.#now = now;
    this.#logger = logger;
    const warn = (message: string) => logger.warning(message);
    const { location } = this;
    const lock = new DatabaseLock(directory, { owner: currentOwner(), sleep, logger });
    this.#shared = new SharedDatabase({ directory, location, origin, lock, files, sleep, now, logger });
    this.#listing = new RunListing(this.#shared.systemLayout, location, options.runLists, now);
    this.#finder = new RunFinder(this.#shared, now, sleep);
    this.#queue = new InsertQueue((batch) => {
      this.#hasWritten = true;
      return storeRuns(batch, this.#shared, now, warn);
    }, warn);
  }

  async prepare(): Promise<void> {
    await this.#listing.remembered();
    try {
      await this.#shared.repair();
    } catch (error) {
      throw asDatabaseError(error, `Documents and indexes of ${this.location} could not be compared`);
    }
  }

  async listRuns({ mayBeRemembered = false }: ListingOptions = {}): Promise<RunNumber[]> {
    return mayBeRemembered ? this.#listing.remembered() : this.#listing.read();
  }

  async has(run: RunNumber, config: string): Promise<boolean> {
    return (await this.#schemas.ids(`${run}/${config}`)).length > 0;
  }

  async insert(
    run: RunNumber,
    config: string,
    documents: readonly FhiclFile[],
    handOver?: HandOver,
  ): Promise<void> {
    const converted = await this.#inTurn(async () => {
      await this.#queue.room(documents.reduce((sum, { text }) => sum + text.length, 0) * STORED_SIZE);
      return await submission('insert', run, config, documents, this.#now);
    });
    await this.#queue.store(converted, handOver);
  }

  async update(run: RunNumber, config: string, documents: readonly FhiclFile[]): Promise<void> {
    await this.#queue.store(await submission('update', run, config, documents, this.#now));
  }

  async amend(
    run: RunNumber,
    config: string,
    file: FhiclFile,
    mayReplace: (stored: string) => boolean,
  ): Promise<AmendOutcome> {
    const amendment = await amendmentOf(run, config, file, mayReplace, this.#now);
    try {
      if (!(await this.has(run, config))) throw notStored(amendment);
      this.#hasWritten = true;
      return await this.#shared.change((locked) => this.#amendDocument(amendment, locked));
    } catch (error) {
      throw asDatabaseError(error, `Run ${run} could not be amended in artdaqDB`, { run });
    }
  }

  /**
   * A run that another program stored is exported when nothing of it has changed for some seconds.
   * @throws ArtdaqDbError (retryable) also if it keeps changing, or if no index lists some of its documents
   */
  async export(run: RunNumber): Promise<FhiclFile[]> {
    const found = await this.#finder.find(run);
    if (found === undefined) throw unknownRun(run);
    return this.#files(run, found);
  }

  async composition(run: RunNumber, config: string): Promise<ExportedDocument[]> {
    return documentsUnder(`${run}/${config}`, this.#shared);
  }

  /** Waits and fails as `export` does. */
  async configurationOf(run: RunNumber): Promise<string | undefined> {
    const configuration = (await this.#finder.find(run))?.configuration;
    return configuration === undefined ? undefined : configOf(configuration);
  }

  async documentsOf(run: RunNumber, entities: RegExp): Promise<FhiclFile[] | undefined> {
    const found = await this.#finder.glance(run, entities);
    return found && this.#files(run, found);
  }

  /**
   * Lets another program of ours (bulkloader) store documents of a run, while no other process of this project writes.
   * The errors of ours that `work` throws pass through.
   * @throws ArtdaqDbError if another process keeps the database for too long (retryable), or it can't be read or written
   */
  async exclusively<Result>(run: RunNumber, config: string, work: LoadWork<Result>): Promise<Result> {
    const configuration = `${run}/${config}`;
    this.#hasWritten = true;
    this.#finder.expectOwnLoad(configuration);
    try {
      return await this.#shared.change(async (locked) => {
        const result = await work((collection) => locked.adopt(this.#storeOf(collection), configuration));
        locked.doubt();
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
      await this.#shared.repair();
    } catch (error) {
      const problem = `The next execution has to repair ${this.location}: ${messageOf(error)}`;
      this.#logger.child({ error }).warning(problem);
    }
  }

  #files(run: RunNumber, { configuration, documents }: FoundRun): FhiclFile[] {
    return exportedFiles(run, configuration, documents, (message) =>
      this.#logger.child({ run, repeats: true }).warning(message),
    );
  }

  /** Its index decides which runs are stored. */
  get #schemas(): IndexReader {
    return this.#shared.systemLayout.reader;
  }

  #storeOf(collection: Collection): CollectionStore {
    const { runHistory, systemLayout } = this.#shared;
    return collection === systemLayout.name ? systemLayout : runHistory;
  }

  /**
   * Replaces the content of one document, under the lock. It stays filed under the same names and stamps, so the index needs
   * no change, and only the rename of its file becomes visible.
   */
  async #amendDocument(amendment: Amendment, locked: LockedDatabase): Promise<AmendOutcome> {
    const { configuration, document } = amendment;
    if ((await this.#schemas.ids(configuration)).length === 0) throw notStored(amendment);
    const store = this.#storeOf(document.collection);
    const documents = await store.read(await store.reader.ids(configuration), ofEntity(amendment));
    const { outcome, replacements } = planAmendment(amendment, documents.flat());
    if (replacements.length === 0) return outcome;
    locked.confirm();
    await store.write(replacements.map(({ id, json }) => ({ id, bytes: Buffer.from(json), isNew: false })));
    await store.sync();
    return outcome;
  }
}
