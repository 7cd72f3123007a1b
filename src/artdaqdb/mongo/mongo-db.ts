import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Environment } from '../../environment.ts';
import type { FhiclFile } from '../../fhicl/fhicl-file.ts';
import { GuardedFile } from '../../lock/guarded-file.ts';
import { type Logger, silentLogger } from '../../log/logger.ts';
import type { RunNumber } from '../../runs/run-number.ts';
import { amendmentOf } from '../amendment.ts';
import type { AmendOutcome } from '../artdaqdb.ts';
import type { LoadWork, NativeArtdaqDb } from '../backend.ts';
import { configOf } from '../configuration-name.ts';
import { type DatabaseOrigin, thisOrigin } from '../database-description.ts';
import type { ExportedDocument } from '../stored-document.ts';
import { type Submission, submission } from '../submission.ts';
import { mongoAddress } from './address.ts';
import type { MongoSession } from './session.ts';

/** Logger, clock and pauses of a database. By default it logs nothing, and clock and pauses are real. */
export interface MongoDbOptions {
  readonly logger?: Logger;
  /** Holds the variables that name certificates. */
  readonly env?: Environment;
  readonly now?: () => Date;
  /** Who and where we are, for the metadata of a new database. */
  readonly origin?: DatabaseOrigin;
  /** How to wait for other writers. */
  readonly sleep?: (milliseconds: number) => Promise<unknown>;
}

/**
 * artdaqDB in MongoDB, shared with the C++ tools (format and order of writes: documentation/ARTDAQDB_MONGODB.md). The first call
 * loads the driver and connects; after a failed connection the next call connects again.
 */
export class MongoDb implements NativeArtdaqDb {
  readonly location: string;
  readonly #open: () => Promise<MongoSession>;
  readonly #now: () => Date;
  readonly #logger: Logger;
  #session: Promise<MongoSession> | undefined;

  /** @param uri `mongodb://…/<database>` or `mongodb+srv://…/<database>` */
  constructor(uri: string, options: MongoDbOptions = {}) {
    const address = mongoAddress(uri);
    this.location = address.location;
    this.#now = options.now ?? (() => new Date());
    this.#logger = options.logger ?? silentLogger;
    const session = {
      address,
      env: options.env ?? {},
      origin: options.origin ?? thisOrigin(''),
      now: this.#now,
      sleep: options.sleep ?? wait,
      warn: (message: string) => this.#logger.warning(message),
    };
    this.#open = async () => (await import('./session.ts')).openSession(session);
  }

  async prepare(): Promise<void> {
    await this.#work('artdaqDB can not be used', (session) => session.prepare());
  }

  async listRuns(): Promise<RunNumber[]> {
    return this.#work('The runs in artdaqDB can not be listed', ({ reader }) => reader.listRuns());
  }

  async has(run: RunNumber, config: string): Promise<boolean> {
    return this.#work(
      `Run ${run} can not be looked up in artdaqDB`,
      ({ reader }) => reader.has(`${run}/${config}`),
      run,
    );
  }

  async insert(run: RunNumber, config: string, documents: readonly FhiclFile[]): Promise<void> {
    await this.#store(await submission('insert', run, config, documents, this.#now));
  }

  async update(run: RunNumber, config: string, documents: readonly FhiclFile[]): Promise<void> {
    await this.#store(await submission('update', run, config, documents, this.#now));
  }

  async amend(
    run: RunNumber,
    config: string,
    document: FhiclFile,
    mayReplace: (stored: string) => boolean,
  ): Promise<AmendOutcome> {
    const amendment = await amendmentOf(run, config, document, mayReplace, this.#now);
    return this.#work(
      `Run ${run} could not be amended in artdaqDB`,
      (session) => session.amend(amendment),
      run,
    );
  }

  async export(run: RunNumber): Promise<FhiclFile[]> {
    return this.#work(
      `Run ${run} can not be exported from artdaqDB`,
      ({ reader }) =>
        reader.export(run, (message) => this.#logger.child({ run, repeats: true }).warning(message)),
      run,
    );
  }

  async composition(run: RunNumber, config: string): Promise<ExportedDocument[]> {
    return this.#work(
      `Run ${run} can not be read from artdaqDB`,
      ({ reader }) => reader.documents(`${run}/${config}`),
      run,
    );
  }

  async configurationOf(run: RunNumber): Promise<string | undefined> {
    const configuration = await this.#work(
      `Run ${run} can not be looked up in artdaqDB`,
      ({ reader }) => reader.assignedLast(run),
      run,
    );
    return configuration === undefined ? undefined : configOf(configuration);
  }

  async documentsOf(run: RunNumber, entities: RegExp): Promise<FhiclFile[] | undefined> {
    return this.#work(
      `Run ${run} can not be read from artdaqDB`,
      ({ reader }) => reader.glance(run, entities, (message) => this.#logger.child({ run }).warning(message)),
      run,
    );
  }

  /** As of the interface. A server lists whatever it stores, so there is nothing to recover. */
  async exclusively<Result>(
    run: RunNumber,
    config: string,
    work: LoadWork<Result>,
    directory: string,
  ): Promise<Result> {
    const name = createHash('sha256').update(`${run}/${config}`).digest('hex').slice(0, 24);
    return new GuardedFile(join(directory, `load-${name}`)).exclusively(() => work(async () => undefined));
  }

  async close(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    // Whoever asked for a connection that failed has been told.
    const [opened] = await Promise.allSettled(session === undefined ? [] : [session]);
    if (opened?.status === 'fulfilled') await opened.value.close();
  }

  async #store(submitted: Submission): Promise<void> {
    const { run } = submitted;
    await this.#work(
      `Run ${run} could not be stored in artdaqDB`,
      (session) => session.store(submitted),
      run,
    );
  }

  async #work<Result>(
    what: string,
    work: (session: MongoSession) => Promise<Result>,
    run?: RunNumber,
  ): Promise<Result> {
    const session = await this.#connected();
    try {
      return await work(session);
    } catch (error) {
      throw session.explain(error, what, run);
    }
  }

  async #connected(): Promise<MongoSession> {
    const opening = this.#session ?? this.#open();
    this.#session = opening;
    try {
      return await opening;
    } catch (error) {
      if (this.#session === opening) this.#session = undefined;
      throw error;
    }
  }
}
