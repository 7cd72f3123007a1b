import type { FhiclFile } from '../../fhicl/fhicl-file.ts';
import type { RunNumber } from '../../runs/run-number.ts';
import { RunRanges } from '../../runs/run-set.ts';
import { assignedLast, runOf } from '../configuration-name.ts';
import { unknownRun } from '../presence.ts';
import { exportedFiles } from '../run-export.ts';
import { type ExportedDocument, exportedDocument } from '../stored-document.ts';
import type { MongoCollection } from './collection.ts';

/** Reads runs. SystemLayout alone tells whether a run is stored; both collections hold its documents. */
export class RunReader {
  readonly #runHistory: MongoCollection;
  readonly #systemLayout: MongoCollection;

  constructor(runHistory: MongoCollection, systemLayout: MongoCollection) {
    this.#runHistory = runHistory;
    this.#systemLayout = systemLayout;
  }

  /** The runs that are wholly stored, ascending. */
  async listRuns(): Promise<RunNumber[]> {
    const runs = new RunRanges();
    for await (const name of this.#systemLayout.configurationNames()) {
      const run = runOf(name);
      if (run !== undefined) runs.add(run);
    }
    return runs.toSet().toNumbers();
  }

  /** Is a run stored under exactly this name? */
  has(configuration: string): Promise<boolean> {
    return this.#systemLayout.holds(configuration);
  }

  /**
   * The documents under exactly this name, in both collections.
   * @param entities matches those that are wanted; all if absent
   */
  async documents(configuration: string, entities?: RegExp): Promise<ExportedDocument[]> {
    const found = [this.#runHistory, this.#systemLayout].map((collection) =>
      collection.find(configuration, exportedDocument, entities),
    );
    return (await Promise.all(found)).flat();
  }

  /**
   * The documents of a run as FHiCL text, in order of entity.
   * @throws ArtdaqDbError if the run is not stored, or a document is unreadable
   */
  async export(run: RunNumber, warn: (message: string) => void): Promise<FhiclFile[]> {
    const configuration = await this.assignedLast(run);
    if (configuration === undefined) throw unknownRun(run);
    return exportedFiles(run, configuration, await this.documents(configuration), warn);
  }

  /** The documents of some entities of a run, as {@link export} gives them; undefined if the run is not stored. */
  async glance(
    run: RunNumber,
    entities: RegExp,
    warn: (message: string) => void,
  ): Promise<FhiclFile[] | undefined> {
    const configuration = await this.assignedLast(run);
    if (configuration === undefined) return undefined;
    return exportedFiles(run, configuration, await this.documents(configuration, entities), warn);
  }

  /** The name under which the run was stored last; undefined if it is not stored. */
  async assignedLast(run: RunNumber): Promise<string | undefined> {
    const layout = await this.#stamps(this.#systemLayout, run);
    if (layout.size < 2) return [...layout.keys()][0];
    const history = await this.#stamps(this.#runHistory, run);
    return assignedLast(
      new Map([...layout].map(([name, stamps]) => [name, [...stamps, ...(history.get(name) ?? [])]])),
    );
  }

  async #stamps(collection: MongoCollection, run: RunNumber): Promise<Map<string, string[]>> {
    const stamps = new Map<string, string[]>();
    for await (const { name, assigned } of collection.configurations(run)) {
      if (runOf(name) !== run) continue;
      stamps.set(name, [...(stamps.get(name) ?? []), assigned]);
    }
    return stamps;
  }
}
