import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ArtdaqDbError } from '../../errors.ts';
import { type FhiclFile, SCHEMA_FILE } from '../../fhicl/fhicl-file.ts';
import type { RunNumber } from '../../runs/run-number.ts';
import { undefinedIfMissing } from '../../system-error.ts';
import { detailsOf, type SiteTrouble } from './site-trouble.ts';
import { exportFolder } from './tool-names.ts';

/** The directory below `directory` that bulkdownloader fills with all files but the schema. */
export function filesDirectory(directory: string, config: string): string {
  return join(directory, exportFolder(config));
}

/**
 * The files that bulkdownloader wrote.
 * @param stored what our own reader finds in the database: the same files, with the same text
 * @param trouble what bulkdownloader complained of: the reason if any are missing or cut short
 * @throws ArtdaqDbError naming the files that are missing, cut short (both retryable), not in the database or different
 */
export async function readExported(
  run: RunNumber,
  directory: string,
  config: string,
  stored: readonly FhiclFile[],
  trouble?: SiteTrouble,
): Promise<FhiclFile[]> {
  const faults: string[] = [];
  let mayPass = true;
  const exported: FhiclFile[] = [];
  for (const { name, text: expected } of stored) {
    const path = join(name === SCHEMA_FILE ? directory : filesDirectory(directory, config), name);
    const text = await readFile(path, 'latin1').catch(undefinedIfMissing);
    if (text === undefined) faults.push(`${name} is missing`);
    else if (text === expected) exported.push({ name, text });
    else if (expected.startsWith(text)) faults.push(`${name} is cut short`);
    else {
      mayPass = false;
      faults.push(`${name} is not what the database holds`);
    }
  }
  const known = new Set(stored.map(({ name }) => name));
  for (const name of await fclFiles(directory, config)) {
    if (known.has(name)) continue;
    mayPass = false;
    faults.push(`${name} is not in the database`);
  }
  if (faults.length === 0) return exported;
  throw new ArtdaqDbError(
    `Run ${run} was not exported as it is stored, though bulkdownloader reported success: ${faults.join(', ')}. ` +
      (mayPass && trouble !== undefined
        ? `It says why: ${trouble.text}`
        : 'If that stays so, export the run with artdaq_db.use_tools: false'),
    { run, retryable: mayPass, ...(mayPass ? detailsOf(trouble) : undefined) },
  );
}

async function fclFiles(directory: string, config: string): Promise<string[]> {
  const names = new Set<string>();
  for (const place of [directory, filesDirectory(directory, config)]) {
    for (const entry of await readdir(place, { withFileTypes: true })) {
      // A directory may bear such a name: that of the configuration.
      if (entry.name.endsWith('.fcl') && !entry.isDirectory()) names.add(entry.name);
    }
  }
  return [...names];
}
