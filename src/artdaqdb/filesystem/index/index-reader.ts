import type { RunNumber } from '../../../runs/run-number.ts';
import { runOf } from '../../configuration-name.ts';
import { asDatabaseError } from '../database-files.ts';
import type { IndexBytes } from './index-bytes.ts';
import { ASSIGNED, CONFIGURATIONS, ENTITIES } from './index-entry.ts';
import type { IndexFile, IndexLook, IndexState, SeenIndex } from './index-file.ts';
import { noLists } from './index-layout.ts';
import { keyAt, textsOf } from './index-scan.ts';
import { TextTable } from './text-table.ts';

interface EntityTables {
  readonly signature: string | undefined;
  readonly byEntity: Map<string, TextTable>;
}

/** Looks up what an index lists under a configuration. One scan serves all look-ups until the file changes. */
export class IndexReader {
  readonly #index: IndexFile;
  /** The lists of entities that were wanted, in the state of the index that they are from. */
  #tables: EntityTables = { signature: undefined, byEntity: new Map() };

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
   * @param entities matches the entities of those that are wanted; all if absent
   * @throws ArtdaqDbError if the index can't be read
   */
  async ids(configuration: string, entities?: RegExp): Promise<string[]> {
    const { seen } = await this.#look((bytes, index) => {
      const ids = textsUnder(CONFIGURATIONS, configuration)(bytes, index);
      return this.#ofEntities(ids, entities, bytes, index);
    });
    return seen;
  }

  /**
   * The documents listed for a run, by configuration.
   * @param entities matches the entities of those that are wanted
   * @throws ArtdaqDbError if the index can't be read
   */
  async idsOfRun(run: RunNumber, entities: RegExp): Promise<ReadonlyMap<string, readonly string[]>> {
    const { seen } = await this.#look((bytes, index) =>
      keysOf(bytes, index, CONFIGURATIONS, run).map(({ key, list }) => {
        const ids = textsOf(bytes, { start: list });
        return [key, this.#ofEntities(ids, entities, bytes, index)] as const;
      }),
    );
    return new Map(seen);
  }

  /**
   * When documents were assigned to a configuration of a run.
   * @throws ArtdaqDbError if the index can't be read
   */
  async stamps(configuration: string): Promise<string[]> {
    return (await this.#look(textsUnder(ASSIGNED, configuration))).seen;
  }

  #ofEntities(
    ids: readonly string[],
    entities: RegExp | undefined,
    bytes: IndexBytes,
    index: IndexState,
  ): string[] {
    const tables = entities && ids.length > 0 ? this.#tablesOf(entities, bytes, index) : undefined;
    return tables === undefined ? [...ids] : ids.filter((id) => hasText(tables, id));
  }

  /** The documents of each entity that is wanted; undefined if all are. */
  #tablesOf(entities: RegExp, bytes: IndexBytes, { layout, signature }: IndexState): TextTable[] | undefined {
    const lists = [...(layout.maps.get(ENTITIES)?.lists ?? [])];
    const wanted = lists.filter(([entity]) => entities.test(entity));
    if (wanted.length === lists.length) return undefined;
    if (this.#tables.signature !== signature) this.#tables = { signature, byEntity: new Map() };
    const { byEntity } = this.#tables;
    return wanted.map(([entity, list]) => {
      const table = byEntity.get(entity) ?? new TextTable(bytes, list);
      byEntity.set(entity, table);
      return table;
    });
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

function hasText(tables: readonly TextTable[], text: string): boolean {
  const bytes = Buffer.from(text);
  return tables.some((table) => table.has(bytes));
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
