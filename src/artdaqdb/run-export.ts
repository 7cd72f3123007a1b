import { ArtdaqDbError } from '../errors.ts';
import type { FhiclFile } from '../fhicl/fhicl-file.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { assignedTo, type ExportedDocument } from './stored-document.ts';

/**
 * The documents under a configuration name as FHiCL files, in order of entity; the newest of each entity.
 * @throws ArtdaqDbError if one can't belong to that configuration, or has no usable name
 */
export function exportedFiles(
  run: RunNumber,
  configuration: string,
  documents: readonly ExportedDocument[],
  warn: (message: string) => void,
): FhiclFile[] {
  for (const document of documents) checkDocument(document, run, configuration, warn);
  const chosen = onePerEntity(documents, configuration, run, warn);
  return chosen.map(({ entry, fhicl }) => ({ name: `${entry.entity}.fcl`, text: fhicl }));
}

function checkDocument(
  { place, entry, isReduced }: ExportedDocument,
  run: RunNumber,
  configuration: string,
  warn: (message: string) => void,
): void {
  if (!entry.configurations.some(({ name }) => name === configuration)) {
    throw new ArtdaqDbError(
      `${place} is indexed under '${configuration}' but says nothing of it; repair the index`,
      { run, fault: 'run' },
    );
  }
  if (entry.entity === '' || /[/\0]/.test(entry.entity)) {
    throw new ArtdaqDbError(`${place} has the entity '${entry.entity}', which can't be a file name`, {
      run,
      fault: 'run',
    });
  }
  if (isReduced) warn(`Run ${run}: ${place} holds bytes that are not UTF-8; all but ASCII is left out`);
}

function onePerEntity(
  documents: readonly ExportedDocument[],
  configuration: string,
  run: RunNumber,
  warn: (message: string) => void,
): ExportedDocument[] {
  const chosen = new Map<string, ExportedDocument>();
  const newestFirst = documents
    .map((document) => ({ document, time: assignedTo(document, configuration) }))
    .sort((one, other) => other.time - one.time);
  for (const { document } of newestFirst) {
    const { entity } = document.entry;
    const newer = chosen.get(entity);
    if (newer === undefined) chosen.set(entity, document);
    else if (newer.fhicl !== document.fhicl) {
      warn(
        `Run ${run} has '${entity}' twice with different content; the older one, ${document.place}, is left out`,
      );
    }
  }
  return [...chosen.values()].sort((one, other) => (one.entry.entity < other.entry.entity ? -1 : 1));
}
