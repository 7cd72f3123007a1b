/**
 * The least that an import takes: `import-floor <run records> <list of stored runs> <new directory>`. One thread reads the
 * files of each run, and writes the documents of a finished import, each with fsync, one after another.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ready, reportFloor, storedRuns } from './floor-inputs.ts';

const [runRecords = '', list = '', target = ''] = process.argv.slice(2);
mkdirSync(target);
for (const { run, documents } of storedRuns(list)) {
  const stored = ready(() => documents.map((path) => ({ name: basename(path), bytes: readFileSync(path) })));
  const record = join(runRecords, String(run));
  for (const name of readdirSync(record)) readFileSync(join(record, name));
  for (const { name, bytes } of stored) {
    const file = openSync(join(target, name), 'w');
    writeSync(file, bytes);
    fsyncSync(file);
    closeSync(file);
  }
}
reportFloor();
