import type { RunNumber } from '../../run-number.ts';
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
