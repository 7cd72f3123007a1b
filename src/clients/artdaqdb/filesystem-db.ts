import { setTimeout as wait } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { FhiclFile } from '../../fhicl/fhicl-file.ts';
import { removeStaleTemporaries } from '../../persistence/atomic-file.ts';
import { currentOwner } from '../../persistence/lock/owner.ts';
import { byRunNumber, type RunNumber } from '../../run-number.ts';
import { type Logger, silentLogger } from '../../services/logger.ts';
import { CollectionStore } from './filesystem/collection-store.ts';
import { type CommitContext, commitRuns } from './filesystem/commit.ts';
import { ensureDirectories } from './filesystem/database-directories.ts';
import { type DatabaseFiles, realFiles } from './filesystem/database-files.ts';
import { DatabaseLock, type HeldLock } from './filesystem/database-lock.ts';
import { type DatabaseOrigin, ensureMetadata, thisOrigin } from './filesystem/database-metadata.ts';
import { CONFIGURATIONS } from './filesystem/index-entry.ts';
import { InsertQueue } from './filesystem/insert-queue.ts';
import { assignedLast, documentsUnder, exportRun } from './filesystem/run-export.ts';
import type { NativeArtdaqDb } from './native.ts';
import { type ExportedDocument, runOf } from './run-export.ts';
import { type Submission, submission } from './submission.ts';

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
 * artdaqDB as a directory of JSON documents, shared with the C++ tools (format: documentation/ARTDAQDB.md, "FilesystemDB on disk").
 * Runs are found through the indexes alone, by exact name.
 */
export class FilesystemDb implements NativeArtdaqDb {
  readonly location: string;
  readonly #directory: string;
  readonly #logger: Logger;
  readonly #now: () => Date;
  readonly #origin: DatabaseOrigin;
  readonly #files: DatabaseFiles;
  readonly #lock: DatabaseLock;
  readonly #runHistory: CollectionStore;
  readonly #systemLayout: CollectionStore;
  readonly #context: CommitContext;
  /** In turn within this process; between processes the lock does that, but by asking again and again. */
  readonly #exclusive = pLimit(1);
  readonly #queue = new InsertQueue((batch) => this.#commit(batch));

  /** @param directory absolute path; made by the first insert, and without runs while it isn't there */
  constructor(directory: string, options: FilesystemDbOptions = {}) {
    this.location = `filesystemdb://${directory}`;
    this.#directory = directory;
    this.#logger = options.logger ?? silentLogger;
    this.#now = options.now ?? (() => new Date());
    this.#origin = options.origin ?? thisOrigin('');
    this.#files = options.files ?? realFiles;
    const sleep = options.sleep ?? wait;
    this.#lock = new DatabaseLock(directory, { owner: currentOwner(), sleep, logger: this.#logger });
    this.#runHistory = new CollectionStore(directory, 'RunHistory', this.#files, sleep);
    this.#systemLayout = new CollectionStore(directory, 'SystemLayout', this.#files, sleep);
    this.#context = {
      runHistory: this.#runHistory,
      systemLayout: this.#systemLayout,
      now: this.#now,
      warn: (message) => this.#logger.warning(message),
    };
  }

  async prepare(): Promise<void> {
    await this.#systemLayout.reader.keys(CONFIGURATIONS);
  }

  async listRuns(): Promise<RunNumber[]> {
    const runs = (await this.#systemLayout.reader.keys(CONFIGURATIONS)).map(runOf);
    return [...new Set(runs.filter((run) => run !== undefined))].sort(byRunNumber);
  }

  async has(run: RunNumber, config: string): Promise<boolean> {
    const lists = await this.#systemLayout.reader.lists(`${run}/${config}`);
    return (lists.get(CONFIGURATIONS) ?? []).length > 0;
  }

  async insert(run: RunNumber, config: string, documents: readonly FhiclFile[]): Promise<void> {
    await this.#queue.store(await submission('insert', run, config, documents, this.#now));
  }

  async update(run: RunNumber, config: string, documents: readonly FhiclFile[]): Promise<void> {
    await this.#queue.store(await submission('update', run, config, documents, this.#now));
  }

  async export(run: RunNumber): Promise<FhiclFile[]> {
    return exportRun(run, await this.#configurationsOf(run), this.#stores, this.#context.warn);
  }

  async composition(run: RunNumber, config: string): Promise<ExportedDocument[]> {
    return documentsUnder(`${run}/${config}`, this.#stores);
  }

  async configurationOf(run: RunNumber): Promise<string | undefined> {
    const configuration = await assignedLast(await this.#configurationsOf(run), this.#stores);
    return configuration?.slice(configuration.indexOf('/') + 1);
  }

  async close(): Promise<void> {
    await this.#queue.drained();
  }

  async #configurationsOf(run: RunNumber): Promise<string[]> {
    const stored = await this.#systemLayout.reader.keys(CONFIGURATIONS);
    return stored.filter((configuration) => runOf(configuration) === run);
  }

  get #stores(): readonly CollectionStore[] {
    return [this.#runHistory, this.#systemLayout];
  }

  /**
   * Lets another program of ours (bulkloader) store documents of a run, while no other process of this project writes.
   * What `work` throws passes through.
   * @throws ArtdaqDbError (retryable) if another process keeps the database for too long
   */
  async exclusively<Result>(_run: RunNumber, _config: string, work: () => Promise<Result>): Promise<Result> {
    return this.#exclusive(() => this.#holding(() => work()));
  }

  #commit(batch: readonly Submission[]): Promise<unknown[]> {
    return this.#exclusive(() => this.#holding((lock) => commitRuns(batch, this.#context, lock)));
  }

  /** Does something to a database that is there, made if need be, while holding its lock. */
  async #holding<Result>(work: (lock: HeldLock) => Promise<Result>): Promise<Result> {
    await ensureDirectories(this.#directory, this.#files);
    return this.#lock.hold(async (lock) => {
      if (lock.takenOver) await this.#clearTemporaries();
      await ensureMetadata(this.#directory, this.location, this.#origin, this.#now(), this.#files);
      await this.#runHistory.index.create();
      await this.#systemLayout.index.create();
      return work(lock);
    });
  }

  /** Temporary files are written under the lock only: those of a holder that died are nobody's. */
  async #clearTemporaries(): Promise<void> {
    for (const { directory } of this.#stores) {
      await removeStaleTemporaries(directory, 0);
    }
  }
}
