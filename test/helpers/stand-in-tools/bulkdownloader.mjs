import { execSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readStored } from '../../../dist/src/fhicl/document.js';
import { noteCall, readArguments } from './arguments.mjs';
import { interrupt, makeNoise, takeFaults } from './faults.mjs';
import { openStore } from './open-store.mjs';

/** Stands in for the real bulkdownloader. @param place directory for traces and faults */
export async function main(place, argv) {
  const given = readArguments(argv);
  noteCall(place, 'bulkdownloader', given);
  const faults = takeFaults(place, 'bulkdownloader');
  makeNoise(faults);
  const store = await openStore(place);
  const documents = await store.read(`${given.run}/${given.config}`);
  await store.close();
  if (documents.length === 0) process.exit(1);
  await interrupt(faults, place, 0);
  const folder = join(given.path, given.config.replace(/[0-9]+$/, ''));
  // As the real one does, without quotes.
  execSync(`mkdir -p ${folder}`, { stdio: 'ignore' });
  for (const { collection, json } of documents) {
    const { entity, fhicl } = readStored(json);
    if (faults.lose === entity) continue;
    const text = faults.alter === entity ? `${fhicl}\naltered: true\n` : fhicl;
    const directory = collection === 'SystemLayout' ? given.path : folder;
    if (!existsSync(directory)) continue;
    writeFileSync(join(directory, `${entity}.fcl`), faults.cut === entity ? text.slice(0, -5) : text);
  }
  if (faults.add !== undefined) writeFileSync(join(folder, faults.add), 'a: 1\n');
  process.exitCode = faults.code ?? 0;
}
