import { ArtdaqDbError } from '../../errors.ts';
import type { FhiclFile } from '../../fhicl/fhicl-file.ts';
import { byRunNumber, type RunNumber } from '../../runs/run-number.ts';
import { assignedLast, runOf } from '../configuration-name.ts';
import { type ExportedDocument, exportedFiles, withoutJson } from '../run-export.ts';
import type { MongoCollection } from './collection.ts';

/** Reads runs: by SystemLayout alone whether they are stored, by both collections what they hold. */
export class RunReader {
  readonly #runHistory: MongoCollection;
  readonly #systemLayout: MongoCollection;

  constructor(runHistory: MongoCollection, systemLayout: MongoCollection) {
    this.#runHistory = runHistory;
    this.#systemLayout = systemLayout;
  }

  /** The runs that are wholly stored, ascending. */
  async listRuns(): Promise<RunNumber[]> {
    const runs = new Set<RunNumber>();
    for await (const { name } of this.#systemLayout.configurations()) {
      const run = runOf(name);
      if (run !== undefined) runs.add(run);
    }
    return [...runs].sort(byRunNumber);
  }

  /** Is a run stored under exactly this name? */
  has(configuration: string): Promise<boolean> {
    return this.#systemLayout.holds(configuration);
  }

  /** All documents under exactly this name, of either collection. */
  async documents(configuration: string): Promise<ExportedDocument[]> {
    const found = [this.#runHistory, this.#systemLayout].map((collection) =>
      collection.find(configuration, withoutJson),
    );
    return (await Promise.all(found)).flat();
  }

  /**
   * The documents of a run as FHiCL text, in order of entity.
   * @throws ArtdaqDbError if the run is not stored, or a document unreadable
   */
  async export(run: RunNumber, warn: (message: string) => void): Promise<FhiclFile[]> {
    const configuration = await this.assignedLast(run);
    if (configuration === undefined) throw new ArtdaqDbError(`Run ${run} is not stored in artdaqDB`, { run });
    return exportedFiles(run, configuration, await this.documents(configuration), warn);
  }

  /** Of the names under which the run is stored, the one with the latest stamp; undefined if there is none. */
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
