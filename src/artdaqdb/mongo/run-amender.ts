import { ArtdaqDbError } from '../../errors.ts';
import { readJsonObject } from '../../fhicl/json.ts';
import { type Amendment, notStored, ofEntity, planAmendment, type Replacement } from '../amendment.ts';
import type { AmendOutcome } from '../artdaqdb.ts';
import { faultOfContent } from '../submission.ts';
import type { DocumentWriter } from './document-writer.ts';
import { fragileNames } from './document-writer.ts';
import type { MongoCollection } from './mongo-collection.ts';

/** What documents are amended with. */
export interface RunAmenderParts {
  readonly runHistory: MongoCollection;
  readonly systemLayout: MongoCollection;
  readonly documents: DocumentWriter;
}

/** Replaces the content of single documents of stored runs. */
export class RunAmender {
  readonly #parts: RunAmenderParts;

  constructor(parts: RunAmenderParts) {
    this.#parts = parts;
  }

  /** @throws as `ArtdaqDb.amend` does, and errors of the driver */
  async amend(amendment: Amendment): Promise<AmendOutcome> {
    const { runHistory, systemLayout, documents } = this.#parts;
    const { run, configuration, document } = amendment;
    documents.check({ kind: 'update', run, configuration, documents: [document] });
    if (!(await systemLayout.holds(configuration))) throw notStored(amendment);
    const collection = document.collection === systemLayout.name ? systemLayout : runHistory;
    const found = await collection.find(configuration, ofEntity(amendment));
    const { outcome, replacements } = planAmendment(amendment, found.flat());
    for (const replacement of replacements) await this.#replace(amendment, collection, replacement);
    return outcome;
  }

  /** Some servers keep one of several entries of a name without a word: then the old document is put back. */
  async #replace(
    { run, file }: Amendment,
    collection: MongoCollection,
    { id, stored, json }: Replacement,
  ): Promise<void> {
    const content = readJsonObject(json);
    if (!(await collection.replace(id, content))) {
      throw new ArtdaqDbError(`Run ${run}: ${file.name} was taken out of artdaqDB while it was amended`, {
        run,
        retryable: true,
      });
    }
    const { dotted, repeated } = fragileNames(content);
    if (dotted.length + repeated.length === 0) return;
    if ((await collection.read([id])).get(id)?.equals(Buffer.from(json))) return;
    await collection.replace(id, readJsonObject(stored));
    throw new ArtdaqDbError(
      `Run ${run}: this MongoDB server does not keep ${file.name} as it is, so it was not amended`,
      { run, fault: faultOfContent(file) },
    );
  }
}
