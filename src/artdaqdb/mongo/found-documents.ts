import { ArtdaqDbError } from '../../errors.ts';
import type { Collection } from '../../fhicl/document.ts';
import type { DocumentSource } from '../run-plan.ts';
import type { DocumentEntry, StoredDocument } from '../stored-document.ts';

/** What one look into a collection found of a run, for the plan of an insert or update. */
export class FoundDocuments implements DocumentSource {
  readonly name: Collection;
  /** Ids of those filed under the run's configuration name. */
  readonly listed: readonly string[];
  readonly #documents: ReadonlyMap<string, StoredDocument>;

  /** @param documents of them each may be there more than once */
  constructor(name: Collection, configuration: string, documents: readonly StoredDocument[]) {
    this.name = name;
    this.#documents = new Map(documents.map((document) => [document.entry.id, document]));
    this.listed = [...this.#documents.values()]
      .filter(({ entry }) => entry.configurations.some((each) => each.name === configuration))
      .map(({ entry }) => entry.id);
  }

  /** What a document says of itself; undefined if there is none of that id. */
  entry(id: string): DocumentEntry | undefined {
    return this.#documents.get(id)?.entry;
  }

  async read<Kept>(ids: readonly string[], take: (document: StoredDocument) => Kept): Promise<Kept[]> {
    return ids.map((id) => {
      const document = this.#documents.get(id);
      if (document === undefined) throw new ArtdaqDbError(`Document ${id} of ${this.name} is missing`);
      return take(document);
    });
  }

  async readIfPresent(id: string): Promise<StoredDocument | undefined> {
    return this.#documents.get(id);
  }
}
