import type { Collection } from '../fhicl/document.ts';
import type { RunNumber } from '../runs/run-number.ts';
import type { ArtdaqDb } from './artdaqdb.ts';
import type { ExportedDocument } from './run-export.ts';

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
}

/**
 * What is done while no other process of this project stores (that run at least).
 * @param recover makes documents of the run visible that a loader, when it was killed, had stored in a collection but not yet
 * listed; to be called before it is looked at what is there
 */
export type LoadWork<Result> = (recover: (collection: Collection) => Promise<void>) => Promise<Result>;
