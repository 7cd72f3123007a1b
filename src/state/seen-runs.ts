import type { RunNumber } from '../runs/run-number.ts';
import type { RunSet } from '../runs/run-set.ts';
import { isAbove } from './position.ts';
import { RunSetFile } from './run-set-file.ts';

/**
 * The record of the runs that were at a stage's source in earlier executions: `{"seen_runs": ["100-205", "300"]}`. It
 * distinguishes a run that appeared late, below the position, from one that the site skipped by setting the position. Runs
 * below the position stay for ever: a file system that was away for one execution must not make all of history late.
 */
export class SeenRuns {
  readonly path: string;
  readonly #file: RunSetFile;

  constructor(path: string) {
    this.#file = new RunSetFile(path, {
      key: 'seen_runs',
      title: 'record of seen runs',
      advice:
        'Restore it from a backup, or rebuild it with --recover-import-state or --recover-migrate-state: all runs that are present then count ' +
        'as seen.',
    });
    this.path = this.#file.path;
  }

  /**
   * The record; undefined at the first execution.
   * @throws PersistenceError if it can't be read or understood.
   */
  read(): Promise<RunSet | undefined> {
    return this.#file.read();
  }

  /**
   * The runs that appeared late. At the first execution there are none: all that is present counts as seen.
   * @param present runs at the source; only those at or below the position matter.
   * @throws PersistenceError if the record can't be read or understood.
   */
  async late(present: readonly RunNumber[], position: RunNumber): Promise<RunNumber[]> {
    const isKnown = await this.membership();
    return present.filter((run) => !isAbove(run, position) && !isKnown(run));
  }

  /**
   * Adds runs to the record. Late runs that still wait for their turn must not be among them.
   * @throws PersistenceError if the record can't be read, understood, locked or written.
   */
  async remember(runs: readonly RunNumber[]): Promise<void> {
    await this.#file.add(runs);
  }

  /**
   * Notes what is at the source: as {@link remember}, but also forgets runs above the position that are gone. Such a run is late
   * if it comes back after the position has passed it.
   * @throws PersistenceError as remember does
   */
  async look(present: RunSet, position: RunNumber): Promise<void> {
    await this.#file.change((before) => before.upTo(position).union(present));
  }

  /**
   * Corrects what is noted of some runs. Before the first execution there is nothing to correct, as all runs count as seen.
   * @param unseen count as late once the position has passed them
   * @throws PersistenceError as remember does
   */
  async correct(runs: { readonly seen: RunSet; readonly unseen: RunSet }): Promise<void> {
    if (runs.seen.size + runs.unseen.size === 0 || (await this.#file.read()) === undefined) return;
    await this.#file.change((before) => before.without(runs.unseen.numbers()).union(runs.seen));
  }

  /**
   * Sets the whole record, for a recovery.
   * @returns where a different old record was kept
   * @throws PersistenceError if the file can't be read, kept aside, locked or written.
   */
  async replace(runs: readonly RunNumber[]): Promise<string | undefined> {
    return await this.#file.replace(runs);
  }

  /**
   * Did earlier executions see any run? Runs that they saw only above the position don't count once they are gone.
   * @throws PersistenceError if the record can't be read or understood.
   */
  async hasAny(): Promise<boolean> {
    return ((await this.#file.read())?.ranges.length ?? 0) > 0;
  }

  /**
   * A test whether a run is in the record. At the first execution all runs are.
   * @throws PersistenceError if the record can't be read or understood.
   */
  async membership(): Promise<(run: RunNumber) => boolean> {
    const seen = await this.#file.read();
    return (run) => seen === undefined || seen.has(run);
  }
}
