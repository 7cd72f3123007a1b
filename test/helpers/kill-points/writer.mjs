// Stores runs in a FilesystemDB: <database>; standard input is a list of batches, each a list of {kind, run, documents}, which
// are stored at the same time. Prints each run when it is stored.
import { readFileSync } from 'node:fs';
import { FilesystemDb } from '../../../dist/src/artdaqdb/filesystem/filesystem-db.js';

const db = new FilesystemDb(process.argv[2]);
for (const batch of JSON.parse(readFileSync(0, 'utf8'))) {
  await Promise.all(
    batch.map(async ({ kind, run, documents }) => {
      await db[kind](run, 'standard', documents);
      process.stdout.write(`${run}\n`);
    }),
  );
}
await db.close();
