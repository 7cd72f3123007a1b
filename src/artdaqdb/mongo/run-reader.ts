import { ArtdaqDbError } from '../../errors.ts';
import type { FhiclFile } from '../../fhicl/fhicl-file.ts';
import { byRunNumber, type RunNumber } from '../../runs/run-number.ts';
import { type ExportedDocument, exportedFiles, runOf, withoutJson } from '../run-export.ts';
import { assignedTime, latest } from '../stored-document.ts';
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
    let best: { readonly name: string; readonly time: number } | undefined;
    for (const [name, stamps] of layout) {
      const time = latest([...stamps, ...(history.get(name) ?? [])]);
      if (best === undefined || time > best.time) best = { name, time };
    }
    return best?.name;
  }

  async #stamps(collection: MongoCollection, run: RunNumber): Promise<Map<string, number[]>> {
    const stamps = new Map<string, number[]>();
    for await (const { name, assigned } of collection.configurations(run)) {
      if (runOf(name) !== run) continue;
      stamps.set(name, [...(stamps.get(name) ?? []), assignedTime(assigned)]);
    }
    return stamps;
  }
}
