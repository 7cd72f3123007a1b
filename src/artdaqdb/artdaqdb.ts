import type { FhiclFile } from '../fhicl/fhicl-file.ts';
import type { RunNumber } from '../runs/run-number.ts';

/**
 * What became of an amendment. `equal`: the document has that content already; `kept`: the stored document must not be
 * replaced; `absent`: the run has no document of that name.
 */
export type AmendOutcome = 'replaced' | 'equal' | 'kept' | 'absent';

/** How runs are listed. */
export interface ListingOptions {
  /** May the list be one that an earlier execution found in the same state of the database? No note is dropped on its word. */
  readonly mayBeRemembered?: boolean;
}

/**
 * Called when a run's documents wait to be written together with those of other runs: meanwhile another run can be prepared.
 * Resolves when none is on its way any more, so that nothing is gained by waiting.
 */
export type HandOver = () => Promise<void>;

/**
 * artdaqDB as the stages see it. A run is stored under a configuration name (`<run>/<config>` in the database) as a set of
 * FHiCL documents: `schema.fcl` in the collection SystemLayout, all others in RunHistory.
 */
export interface ArtdaqDb {
  /** Where it is, without secrets, for reports and messages. */
  readonly location: string;

  /**
   * Gets the database ready for a stage: finds out what keeps it from being used before any run is tried, and repairs what an
   * interrupted or a foreign writer left behind. A database that does not exist yet is not made.
   * @throws ConfigurationError or ArtdaqDbError saying what is missing
   */
  prepare(): Promise<void>;

  /**
   * The runs that are wholly stored, ascending, each once.
   * @throws ArtdaqDbError if the database can't be read.
   */
  listRuns(options?: ListingOptions): Promise<RunNumber[]>;

  /** Is the run wholly stored under exactly this configuration name? */
  has(run: RunNumber, config: string): Promise<boolean>;

  /**
   * Stores a whole run; readers see it only once it is complete. Completes what an interrupted insert of the same run left
   * behind.
   * @param handOver lets the run wait for others, so that they share a write where that makes sense
   * @throws ArtdaqDbPresenceError if the run is stored under that name already
   * @throws FhiclError if a document is not FHiCL; nothing is stored then
   * @throws SharedWriteError if a write that it shared failed; only if it may wait for others
   * @throws ArtdaqDbError for any other failure; the run is then not visible
   */
  insert(run: RunNumber, config: string, documents: readonly FhiclFile[], handOver?: HandOver): Promise<void>;

  /**
   * Adds documents to a stored run.
   * @throws ArtdaqDbPresenceError if the run is not stored under that name, or holds one of the entities already
   * @throws FhiclError, ArtdaqDbError as insert does
   */
  update(run: RunNumber, config: string, documents: readonly FhiclFile[]): Promise<void>;

  /**
   * Replaces the content of one document of a stored run. The document keeps its id and its names; readers see the old content
   * or the new one.
   * @param mayReplace decides by the stored FHiCL text
   * @throws ArtdaqDbPresenceError if the run is not stored under that name
   * @throws FhiclError if the document is not FHiCL; nothing is changed then
   * @throws ArtdaqDbError if several documents of that name differ, and for any other failure
   */
  amend(
    run: RunNumber,
    config: string,
    document: FhiclFile,
    mayReplace: (stored: string) => boolean,
  ): Promise<AmendOutcome>;

  /**
   * The run's documents as FHiCL text. If the run is stored under several configuration names, the one assigned last counts.
   * @throws ArtdaqDbError if the run is not stored, or a document of it is missing or unreadable
   */
  export(run: RunNumber): Promise<FhiclFile[]>;

  close(): Promise<void>;
}
