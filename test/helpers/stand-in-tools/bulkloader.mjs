import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { formatTimestamp, toStoredJson } from '../../../dist/src/fhicl/document.js';
import { filesBelow, noteCall, readArguments } from './arguments.mjs';
import { interrupt, makeNoise, takeFaults } from './faults.mjs';
import { objectId } from './filesystem-store.mjs';
import { openStore } from './open-store.mjs';

/** Stands in for the real bulkloader. @param place directory for traces and faults */
export async function main(place, argv) {
  const given = readArguments(argv);
  noteCall(place, 'bulkloader', given);
  const faults = takeFaults(place, 'bulkloader');
  makeNoise(faults);
  await interrupt(faults, place, 0);
  if (/["\\]/.test(given.config)) process.exit(144);
  const files = filesBelow(given.path).filter((file) => file.includes('.fcl'));
  if (files.length === 0 || given.threads === '0') process.kill(process.pid, 'SIGFPE');
  const store = await openStore(place);
  let failed = 0;
  for (const [place_, file] of files.reverse().entries()) {
    if (!(await load(store, file, given, faults))) failed++;
    await interrupt(faults, place, place_ + 1);
  }
  await store.close();
  process.stdout.write(`Loaded ${files.length} files with ${given.threads} threads.\n`);
  if (failed > 0) process.stderr.write(`Error: Failed to load ${failed} file(s).\n`);
  process.exitCode = faults.code ?? (failed > 0 ? 1 : 0);
}

async function load(store, file, { run, config }, faults) {
  const isSchema = file.includes('schema.fcl');
  const entity = isSchema ? 'schema' : basename(file, '.fcl');
  if (faults.lose === entity) return true;
  const collection = isSchema ? 'SystemLayout' : 'RunHistory';
  const text = readFileSync(file, 'utf8') + (faults.alter === entity ? '\naltered: true\n' : '');
  try {
    if (faults.fail === entity) throw new Error('it does not like it');
    for (let time = 0; time < (faults.twice === entity ? 2 : 1); time++) {
      const [id, now] = [objectId(), new Date()];
      const json = toStoredJson(text, { entity, run, config, collection, id, now });
      const configuration = `${run}/${config}`;
      await store.write(collection, json, { id, entity, configuration, run, assigned: formatTimestamp(now) });
    }
    return true;
  } catch (error) {
    process.stderr.write(`Failed loading file:${file}\nError message:${error.message}\n`);
    return false;
  }
}
