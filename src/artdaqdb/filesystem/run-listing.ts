import type { RunNumber } from '../../runs/run-number.ts';
import { RunRanges } from '../../runs/run-set.ts';
import type { KnownRuns, RunListCache } from '../backend.ts';
import type { CollectionStore } from './collection-store.ts';

/** File systems stamp coarsely: a second change so soon after another may leave the same time. */
const SETTLED_MS = 3000;

/** Lists the runs that SystemLayout's index lists, and remembers them from one execution to the next. */
export class RunListing {
  readonly #store: CollectionStore;
  readonly #database: string;
  readonly #cache: RunListCache | undefined;
  readonly #now: () => Date;
  #remembered: KnownRuns | undefined;

  /** @param database its location */
  constructor(
    systemLayout: CollectionStore,
    database: string,
    cache: RunListCache | undefined,
    now: () => Date,
  ) {
    this.#store = systemLayout;
    this.#database = database;
    this.#cache = cache;
    this.#now = now;
  }

  /**
   * The runs as the index lists them.
   * @throws ArtdaqDbError if the index can't be read
   */
  async read(): Promise<RunNumber[]> {
    return (await this.#store.reader.runs()).runs;
  }

  /**
   * The same, perhaps from what was found in the very state of the index that it has now.
   * @throws ArtdaqDbError if the index can't be read
   */
  async remembered(): Promise<RunNumber[]> {
    const state = await this.#store.reader.signature();
    this.#remembered ??= await this.#cache?.read(this.#database);
    if (state !== undefined && this.#remembered?.state === state) return this.#remembered.runs.toNumbers();
    const { runs, signature } = await this.#store.reader.runs();
    if (signature !== undefined) await this.#remember(runs, signature);
    return runs;
  }

  async #remember(runs: readonly RunNumber[], state: string): Promise<void> {
    const { index } = this.#store;
    const settledFor = this.#now().getTime() - (await index.lastChange());
    if (settledFor < SETTLED_MS || (await index.signature()) !== state) return;
    const ranges = new RunRanges();
    for (const run of runs) ranges.add(run);
    this.#remembered = { state, runs: ranges.toSet() };
    await this.#cache?.write(this.#database, this.#remembered);
  }
}
