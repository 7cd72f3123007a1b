import type { RunNumber } from '../../runs/run-number.ts';
import { type ExportedDocument, runOf, withoutJson } from '../run-export.ts';
import { assignedTime, latest } from '../stored-document.ts';
import type { CollectionStore } from './collection-store.ts';

/** The documents of a run, found under one of its configuration names. */
export interface FoundRun {
  readonly configuration: string;
  readonly documents: readonly ExportedDocument[];
}

/**
 * The documents of a run under the configuration that was assigned last; undefined if the run is not stored.
 * @param stores all collections that hold documents of runs, SystemLayout last
 * @throws ArtdaqDbError if a document is missing or unreadable
 */
export async function findRun(
  run: RunNumber,
  stores: readonly CollectionStore[],
): Promise<FoundRun | undefined> {
  const stored = (await stores.at(-1)?.reader.configurations()) ?? [];
  const configurations = stored.filter((configuration) => runOf(configuration) === run);
  const configuration = await assignedLast(configurations, stores);
  if (configuration === undefined) return undefined;
  return { configuration, documents: await documentsUnder(configuration, stores) };
}

/** All documents that the indexes list under a configuration name. */
export async function documentsUnder(
  configuration: string,
  stores: readonly CollectionStore[],
): Promise<ExportedDocument[]> {
  const documents: ExportedDocument[] = [];
  for (const store of stores) {
    const ids = await store.reader.ids(configuration);
    documents.push(...(await store.read(ids, withoutJson)));
  }
  return documents;
}

/** Of several configuration names the one assigned last; undefined if there is none. */
async function assignedLast(
  configurations: readonly string[],
  stores: readonly CollectionStore[],
): Promise<string | undefined> {
  if (configurations.length < 2) return configurations[0];
  let best: { configuration: string; time: number } | undefined;
  for (const configuration of configurations) {
    const stamps: string[] = [];
    for (const store of stores) stamps.push(...(await store.reader.stamps(configuration)));
    const time = latest(stamps.map(assignedTime));
    if (best === undefined || time > best.time) best = { configuration, time };
  }
  return best?.configuration;
}
