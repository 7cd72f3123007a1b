import { ArtdaqDbError } from '../../../errors.ts';
import type { FhiclFile } from '../../../fhicl/fhicl-file.ts';
import type { RunNumber } from '../../../run-number.ts';
import { type ExportedDocument, exportedFiles, withoutJson } from '../run-export.ts';
import { assignedTime, latest } from '../stored-document.ts';
import type { CollectionStore } from './collection-store.ts';
import { ASSIGNED, CONFIGURATIONS } from './index-entry.ts';

/**
 * The documents of a run as FHiCL text, in order of entity.
 * @param configurations names under which the run is stored
 * @param stores all collections that hold documents of runs
 * @throws ArtdaqDbError if a document is missing or unreadable
 */
export async function exportRun(
  run: RunNumber,
  configurations: readonly string[],
  stores: readonly CollectionStore[],
  warn: (message: string) => void,
): Promise<FhiclFile[]> {
  const configuration = await assignedLast(configurations, stores);
  if (configuration === undefined) {
    throw new ArtdaqDbError(`Run ${run} is not stored in artdaqDB`, { run });
  }
  const documents = await documentsUnder(configuration, stores);
  return exportedFiles(run, configuration, documents, warn);
}

/** All documents that the indexes list under a configuration name. */
export async function documentsUnder(
  configuration: string,
  stores: readonly CollectionStore[],
): Promise<ExportedDocument[]> {
  const documents: ExportedDocument[] = [];
  for (const store of stores) {
    const lists = await store.reader.lists(configuration);
    documents.push(...(await store.read(lists.get(CONFIGURATIONS) ?? [], withoutJson)));
  }
  return documents;
}

/** Of several configuration names the one assigned last; undefined if there is none. */
export async function assignedLast(
  configurations: readonly string[],
  stores: readonly CollectionStore[],
): Promise<string | undefined> {
  if (configurations.length < 2) return configurations[0];
  let best: { configuration: string; time: number } | undefined;
  for (const configuration of configurations) {
    const stamps: string[] = [];
    for (const store of stores)
      stamps.push(...((await store.reader.lists(configuration)).get(ASSIGNED) ?? []));
    const time = latest(stamps.map(assignedTime));
    if (best === undefined || time > best.time) best = { configuration, time };
  }
  return best?.configuration;
}
