import type { Environment } from '../environment.ts';
import type { Collection } from '../fhicl/document.ts';
import type { FhiclFile } from '../fhicl/fhicl-file.ts';
import type { Usability } from '../files/directory-access.ts';
import type { Logger } from '../log/logger.ts';
import type { RunNumber } from '../runs/run-number.ts';
import type { RunSet } from '../runs/run-set.ts';
import type { ArtdaqDb } from './artdaqdb.ts';
import type { ExportedDocument } from './stored-document.ts';

/** What a database is opened with besides its URI. */
export interface BackendServices {
  readonly env: Environment;
  readonly logger: Logger;
  /** Absent: nothing is remembered. */
  readonly runLists?: RunListCache | undefined;
}

/** The runs of a database in one state of it. */
export interface KnownRuns {
  /** Changes whenever the runs may have changed. */
  readonly state: string;
  readonly runs: RunSet;
}

/** Remembers a list of runs from one execution to the next, and may lose it at any time. */
export interface RunListCache {
  /** @param database its location */
  read(database: string): Promise<KnownRuns | undefined>;
  write(database: string, known: KnownRuns): Promise<void>;
}

/** How long a check may take. */
export interface CheckLimits {
  /** Milliseconds without an answer after which a server counts as dead, whatever the URI says. */
  readonly limitMs: number;
  /** Aborted = nobody waits any longer. */
  readonly signal: AbortSignal;
}

/** One kind of artdaqDB. Each has a folder beside this file and its URI schemes in the table of schemes.ts. */
export interface Backend {
  /** How its URIs are written, for messages. */
  readonly form: string;

  /** Has a URI that form? */
  accepts(uri: string): boolean;

  /** The URI without user and password. */
  location(uri: string): string;

  /**
   * The directory on this machine that holds the database; undefined if a server keeps it.
   * @throws ConfigurationError if the URI can't be used
   */
  directory(uri: string, env: Environment): string | undefined;

  /** The hosts in a URI that the system has to look up. */
  hosts(uri: string): readonly string[];

  /** What takes the secrets of a URI out of a text. */
  hider(uri: string): (text: string) => string;

  /**
   * Opens the database. Nothing is contacted or made yet.
   * @throws ConfigurationError if the URI can't be used; never shows its user or password
   */
  open(uri: string, services: BackendServices): NativeArtdaqDb;

  /**
   * Finds out whether the database can be read and written, without writing anything.
   * @throws ConfigurationError or ArtdaqDbError saying what keeps it from being used
   */
  check(uri: string, services: BackendServices, limits: CheckLimits): Promise<Usability>;

  /** The URI that bulkloader and bulkdownloader are given. */
  uriForTools(uri: string, env: Environment): string;

  /** May bulkloader store several documents at once? */
  readonly takesThreads: boolean;
}

/** An artdaqDB that this program reads and writes itself, so that it sees single documents too. */
export interface NativeArtdaqDb extends ArtdaqDb {
  /**
   * All documents found under exactly this configuration name, whether or not the run is wholly stored; all of them if
   * there are several of one entity. None if there is nothing of that name.
   * @throws ArtdaqDbError if the database can't be read, or a document is unreadable
   */
  composition(run: RunNumber, config: string): Promise<ExportedDocument[]>;

  /**
   * The configuration name, without run, that `export` takes: the one assigned last. Undefined if the run is not stored.
   * @throws ArtdaqDbError if the database can't be read
   */
  configurationOf(run: RunNumber): Promise<string | undefined>;

  /**
   * Some documents of a run as the database lists them at this moment: it waits for no writer, and compares and repairs nothing.
   * @param entities matches the entities that are wanted; others are not read. Only what any kind of database understands: an
   *   alternative of literals and `.` with `*`
   * @returns FHiCL in order of entity; undefined if the run is not stored
   * @throws ArtdaqDbError if the database can't be read, or one of these documents is missing or unreadable
   */
  documentsOf(run: RunNumber, entities: RegExp): Promise<FhiclFile[] | undefined>;

  /**
   * Lets bulkloader store documents of a run while no other process of this project stores documents of it.
   * @param directory on this machine, for a lock if the database has no place for one
   * @throws what `work` throws; ArtdaqDbError if another process keeps the run for too long
   */
  exclusively<Result>(
    run: RunNumber,
    config: string,
    work: LoadWork<Result>,
    directory: string,
  ): Promise<Result>;
}

/**
 * What is done while no other process of this project stores the run.
 * @param recover makes documents of the run visible that a killed loader had stored in a collection but not yet listed; call
 * it before looking at what is stored
 */
export type LoadWork<Result> = (recover: (collection: Collection) => Promise<void>) => Promise<Result>;
