// Inserts runs into a FilesystemDB: <database> <first run> <last run> [<n>]. Prints each run that is stored.
// With <n> it kills itself (SIGKILL) at the n-th call to the file system.
import { readFileSync } from 'node:fs';
import * as realFiles from 'node:fs/promises';
import { FilesystemDb } from '../../dist/src/clients/artdaqdb/filesystem-db.js';

const [database = '', first, last, fatalCall] = process.argv.slice(2);
const documents = JSON.parse(readFileSync(0, 'utf8'));
let calls = 0;

const countsIn = (target) =>
  new Proxy(target, {
    get(_target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return async (...args) => {
        if (++calls === Number(fatalCall)) process.kill(process.pid, 'SIGKILL');
        const result = await Reflect.apply(value, target, args);
        return name === 'open' ? countsIn(result) : result;
      };
    },
  });

const db = new FilesystemDb(database, { files: countsIn(realFiles) });
for (let run = Number(first); run <= Number(last); run++) {
  await db.insert(run, 'standard', documents);
  process.stdout.write(`${run}\n`);
}
await db.close();
