import { asDatabaseError } from '../database-files.ts';
import { ASSIGNED, CONFIGURATIONS } from './index-entry.ts';
import type { IndexFile, IndexLook, IndexState } from './index-file.ts';
import { type ListFilter, textsOf } from './index-scan.ts';

/** Where the ids of each configuration were listed in a state of the file. */
interface KnownLists {
  readonly signature: string;
  readonly starts: ReadonlyMap<string, number>;
}

const ofConfigurations: ListFilter = (member) => member === CONFIGURATIONS;

/**
 * Looks up what an index lists under a configuration. Between two changes of the file it keeps the places of the lists, so a
 * look-up reads one list, and memory holds no ids.
 */
export class IndexReader {
  readonly #index: IndexFile;
  #known: KnownLists | undefined;

  constructor(index: IndexFile) {
    this.#index = index;
  }

  /**
   * The configurations under which documents are listed.
   * @throws ArtdaqDbError if the index can't be read
   */
  async configurations(): Promise<string[]> {
    return this.#reading(async () => {
      const signature = await this.#index.signature();
      const known = this.#known;
      if (known !== undefined && known.signature === signature) return [...known.starts.keys()];
      return this.#learn((_bytes, { layout }) => [...startsOf(layout).keys()]);
    });
  }

  /**
   * The documents listed under a configuration.
   * @throws ArtdaqDbError if the index can't be read
   */
  async ids(configuration: string): Promise<string[]> {
    return this.#reading(
      async () =>
        (await this.#idsAsKnown(configuration)) ??
        (await this.#learn(textsUnder(CONFIGURATIONS, configuration))),
    );
  }

  /**
   * When documents were assigned to a configuration. Reads the whole index: few runs have several configurations.
   * @throws ArtdaqDbError if the index can't be read
   */
  async stamps(configuration: string): Promise<string[]> {
    const isWanted: ListFilter = (member, key) => member === ASSIGNED && key === configuration;
    const look = textsUnder(ASSIGNED, configuration);
    return this.#reading(async () => (await this.#index.look(isWanted, look)).seen);
  }

  async #idsAsKnown(configuration: string): Promise<string[] | undefined> {
    if (this.#known === undefined) return undefined;
    const { signature, starts } = this.#known;
    const start = starts.get(configuration);
    return this.#index.lookAgain(signature, (bytes) =>
      start === undefined ? [] : textsOf(bytes, { start }),
    );
  }

  async #learn<Seen>(look: IndexLook<Seen>): Promise<Seen> {
    const { layout, signature, seen } = await this.#index.look(ofConfigurations, look);
    this.#known = signature === undefined ? undefined : { signature, starts: startsOf(layout) };
    return seen;
  }

  async #reading<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw asDatabaseError(error, `Cannot read ${this.#index.path}`);
    }
  }
}

/** Configuration -> where its list of ids begins, if it has any. */
function startsOf({ maps }: IndexState['layout']): Map<string, number> {
  const starts = new Map<string, number>();
  for (const [configuration, { start, count }] of maps.get(CONFIGURATIONS)?.lists ?? []) {
    if (count > 0) starts.set(configuration, start);
  }
  return starts;
}

function textsUnder(member: string, key: string): IndexLook<string[]> {
  return (bytes, { layout }) => {
    const list = layout.maps.get(member)?.lists.get(key);
    return list === undefined ? [] : textsOf(bytes, list);
  };
}
