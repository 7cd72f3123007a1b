import { ArtdaqDbError } from '../../../errors.ts';
import type { FhiclFile } from '../../../fhicl/fhicl-file.ts';
import { parseRunNumber, type RunNumber } from '../../../run-number.ts';
import type { CollectionStore } from './collection-store.ts';
import { ASSIGNED, CONFIGURATIONS } from './index-entry.ts';
import { assignedTime, assignedTo, latest, type StoredDocument } from './stored-document.ts';

/** What an export keeps of a document: its JSON text is four times as long as the FHiCL. */
type ExportedDocument = Omit<StoredDocument, 'json'>;

function withoutJson({ path, entry, fhicl, isReduced }: StoredDocument): ExportedDocument {
  return { path, entry, fhicl, isReduced };
}

/** The run of a configuration name, `<run>/<config>`; undefined if it is none of a run. */
export function runOf(configuration: string): RunNumber | undefined {
  const slash = configuration.indexOf('/');
  return slash > 0 ? parseRunNumber(configuration.slice(0, slash)) : undefined;
}

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
  const documents: ExportedDocument[] = [];
  for (const store of stores) {
    const lists = await store.reader.lists(configuration);
    documents.push(...(await store.read(lists.get(CONFIGURATIONS) ?? [], withoutJson)));
  }
  for (const document of documents) checkDocument(document, run, configuration, warn);
  const chosen = onePerEntity(documents, configuration, run, warn);
  return chosen.map(({ entry, fhicl }) => ({ name: `${entry.entity}.fcl`, text: fhicl }));
}

async function assignedLast(
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

function checkDocument(
  { path, entry, isReduced }: ExportedDocument,
  run: RunNumber,
  configuration: string,
  warn: (message: string) => void,
): void {
  if (!entry.configurations.some(({ name }) => name === configuration)) {
    throw new ArtdaqDbError(
      `${path} is indexed under '${configuration}' but says nothing of it; repair the index`,
      { run },
    );
  }
  if (entry.entity === '' || /[/\0]/.test(entry.entity)) {
    throw new ArtdaqDbError(`${path} has the entity '${entry.entity}', which can't be a file name`, { run });
  }
  if (isReduced) warn(`Run ${run}: ${path} holds bytes that are not UTF-8; all but ASCII is left out`);
}

function onePerEntity(
  documents: readonly ExportedDocument[],
  configuration: string,
  run: RunNumber,
  warn: (message: string) => void,
): ExportedDocument[] {
  const chosen = new Map<string, ExportedDocument>();
  const newestFirst = [...documents].sort(
    (one, other) => assignedTo(other, configuration) - assignedTo(one, configuration),
  );
  for (const document of newestFirst) {
    const { entity } = document.entry;
    const newer = chosen.get(entity);
    if (newer === undefined) chosen.set(entity, document);
    else if (newer.fhicl !== document.fhicl) {
      warn(
        `Run ${run} has '${entity}' twice with different content; the older one, ${document.path}, is left out`,
      );
    }
  }
  return [...chosen.values()].sort((one, other) => (one.entry.entity < other.entry.entity ? -1 : 1));
}
