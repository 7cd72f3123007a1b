import type { RunNumber } from '../../../runs/run-number.ts';
import { runOf } from '../../configuration-name.ts';
import { asDatabaseError } from '../database-files.ts';
import type { IndexBytes } from './index-bytes.ts';
import { ASSIGNED, CONFIGURATIONS } from './index-entry.ts';
import type { IndexFile, IndexLook, IndexState, SeenIndex } from './index-file.ts';
import { noLists } from './index-layout.ts';
import { keyAt, textsOf } from './index-scan.ts';

/** Looks up what an index lists under a configuration. One scan serves all look-ups until the file changes. */
export class IndexReader {
  readonly #index: IndexFile;

  constructor(index: IndexFile) {
    this.#index = index;
  }

  /**
   * Identifies the state of the index; undefined if there is none.
   * @throws ArtdaqDbError if the file can't be looked at
   */
  async signature(): Promise<string | undefined> {
    return this.#reading(() => this.#index.signature());
  }

  /**
   * The runs that have documents, ascending, and the state of the index that lists them.
   * @throws ArtdaqDbError if the index can't be read
   */
  async runs(): Promise<{ readonly runs: RunNumber[]; readonly signature: string | undefined }> {
    const { seen, signature } = await this.#look((_bytes, { layout }) =>
      layout.tables.get(CONFIGURATIONS)?.runs(),
    );
    return { runs: seen ?? [], signature };
  }

  /**
   * The configurations under which documents of a run are listed.
   * @throws ArtdaqDbError if the index can't be read
   */
  async configurationsOf(run: RunNumber): Promise<string[]> {
    const { seen } = await this.#look((bytes, index) => keysOf(bytes, index, CONFIGURATIONS, run));
    return [...new Set(seen.map(({ key }) => key))];
  }

  /**
   * The documents listed under a configuration of a run.
   * @throws ArtdaqDbError if the index can't be read
   */
  async ids(configuration: string): Promise<string[]> {
    return (await this.#look(textsUnder(CONFIGURATIONS, configuration))).seen;
  }

  /**
   * When documents were assigned to a configuration of a run.
   * @throws ArtdaqDbError if the index can't be read
   */
  async stamps(configuration: string): Promise<string[]> {
    return (await this.#look(textsUnder(ASSIGNED, configuration))).seen;
  }

  #look<Seen>(look: IndexLook<Seen>): Promise<SeenIndex<Seen>> {
    return this.#reading(() => this.#index.look(noLists, look));
  }

  async #reading<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw asDatabaseError(error, `Cannot read ${this.#index.path}`);
    }
  }
}

function keysOf(bytes: IndexBytes, { layout }: IndexState, member: string, run: RunNumber) {
  const places = layout.tables.get(member)?.placesOf(run) ?? [];
  return places.map((place) => keyAt(bytes, place));
}

function textsUnder(member: string, configuration: string): IndexLook<string[]> {
  const run = runOf(configuration);
  return (bytes, index) => {
    const keys = run === undefined ? [] : keysOf(bytes, index, member, run);
    const last = keys.findLast(({ key }) => key === configuration);
    return last === undefined ? [] : textsOf(bytes, { start: last.list });
  };
}
