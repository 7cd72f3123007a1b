import type { FhiclFile } from '../fhicl/fhicl-file.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { exportedFiles } from './run-export.ts';
import { exportedDocument } from './stored-document.ts';
import { submission } from './submission.ts';

/**
 * What artdaqDB would export if it stored these files; nothing is stored.
 * @throws FhiclError, ArtdaqDbError if it would refuse one of them
 */
export async function exportIfStored(
  run: RunNumber,
  config: string,
  files: readonly FhiclFile[],
): Promise<FhiclFile[]> {
  const { configuration, documents } = await submission('insert', run, config, files, () => new Date(0));
  const stored = documents.map(({ file, entry, bytes }) => exportedDocument(file.name, entry.id, bytes));
  return exportedFiles(run, configuration, stored, () => undefined);
}
