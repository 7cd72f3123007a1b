// Counts up in the state file `<directory>/state.json` and adds each number to `<directory>/failures.log`, until killed.
// Prints each number once it is in both.
import { join } from 'node:path';
import { FailureLog } from '../../dist/src/persistence/failure-log.js';
import { StateFile } from '../../dist/src/persistence/state.js';

const directory = process.argv[2] ?? '';
const state = new StateFile(join(directory, 'state.json'));
const failures = new FailureLog(join(directory, 'failures.log'));

for (;;) {
  const { lastAttemptedRun } = await state.update((old) => ({
    lastContiguousRun: 0,
    lastAttemptedRun: old.lastAttemptedRun + 1,
  }));
  await failures.change({ add: [lastAttemptedRun] });
  process.stdout.write(`${lastAttemptedRun}\n`);
}
