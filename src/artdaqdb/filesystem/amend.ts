import { type Amendment, notStored, ofEntity, planAmendment } from '../amendment.ts';
import type { AmendOutcome } from '../artdaqdb.ts';
import type { CollectionStore } from './collection-store.ts';
import type { HeldLock } from './database-lock.ts';

/**
 * Replaces the content of one document, under the lock. The document goes on to be filed under the same names and stamps, so
 * that the index needs no change, and the rename of its file is all that ever becomes visible.
 * @throws ArtdaqDbError, ArtdaqDbPresenceError as `ArtdaqDb.amend` does; errors of the system
 */
export async function amendDocument(
  amendment: Amendment,
  stores: { readonly runHistory: CollectionStore; readonly systemLayout: CollectionStore },
  lock: HeldLock,
): Promise<AmendOutcome> {
  const { runHistory, systemLayout } = stores;
  const { configuration } = amendment;
  const schemas = await systemLayout.reader.ids(configuration);
  if (schemas.length === 0) throw notStored(amendment);
  const isSchema = amendment.document.collection === systemLayout.name;
  const [store, ids] = isSchema
    ? [systemLayout, schemas]
    : [runHistory, await runHistory.reader.ids(configuration)];
  const documents = await store.read(ids, ofEntity(amendment));
  const { outcome, replacements } = planAmendment(amendment, documents.flat());
  if (replacements.length === 0) return outcome;
  lock.confirm();
  await store.write(replacements.map(({ id, json }) => ({ id, bytes: Buffer.from(json) })));
  await store.sync();
  return outcome;
}
