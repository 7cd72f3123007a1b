import { ArtdaqDbError } from '../../errors.ts';
import type { Collection } from '../../fhicl/document.ts';
import type { DocumentSource } from '../run-plan.ts';
import { type DocumentEntry, type StoredDocument, storedDocument } from '../stored-document.ts';
import type { NewDocument, Submission } from '../submission.ts';
import type { MongoCollection } from './collection.ts';

/** The two collections that hold the documents of a run. */
export interface RunCollections {
  readonly runHistory: MongoCollection;
  readonly systemLayout: MongoCollection;
}

/** What is stored of a run, in each collection. */
interface StoredRun {
  readonly history: FoundDocuments;
  readonly layout: FoundDocuments;
}

/** The document that every run has. */
const FIRST_ENTITY = 'RunHistory';

/** Finds all that is stored under the configuration name, or has one of our ids. */
export async function findStored(
  submission: Submission,
  { runHistory, systemLayout }: RunCollections,
): Promise<StoredRun> {
  const found = async (collection: MongoCollection): Promise<FoundDocuments> => {
    const ids = documentsFor(collection.name, submission).map(({ entry }) => entry.id);
    // Two queries, each with its index: with $or not every server uses them.
    const [named, own] = await Promise.all([
      collection.find(submission.configuration, storedDocument),
      collection.findIds(ids),
    ]);
    return new FoundDocuments(collection.name, submission.configuration, [...own, ...named]);
  };
  const [history, layout] = await Promise.all([found(runHistory), found(systemLayout)]);
  return { history, layout };
}

/**
 * The documents of a submission for one collection. All archivers that store the same run begin with the same document, and only
 * one of them can store it.
 */
export function documentsFor(
  collection: NewDocument['collection'],
  { documents }: Submission,
): NewDocument[] {
  const rank = ({ entry: { entity } }: NewDocument): string => (entity === FIRST_ENTITY ? '' : entity);
  return documents
    .filter((document) => document.collection === collection)
    .sort((one, other) => (rank(one) < rank(other) ? -1 : 1));
}

/** The documents of a run that one look into a collection found, for the plan of an insert or update. */
export class FoundDocuments implements DocumentSource {
  readonly name: Collection;
  /** Ids of the documents under the run's configuration name. */
  readonly listed: readonly string[];
  readonly #documents: ReadonlyMap<string, StoredDocument>;

  /** @param documents may repeat */
  constructor(name: Collection, configuration: string, documents: readonly StoredDocument[]) {
    this.name = name;
    this.#documents = new Map(documents.map((document) => [document.entry.id, document]));
    this.listed = [...this.#documents.values()]
      .filter(({ entry }) => entry.configurations.some((each) => each.name === configuration))
      .map(({ entry }) => entry.id);
  }

  /** The names of a document; undefined if none has that id. */
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
