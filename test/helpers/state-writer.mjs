// Counts up in the state file `<directory>/state.json`, and adds each number to `<directory>/failures.log` and the reason to
// `<directory>/reasons.json`, until killed.
// Prints each number once it is in all of them.
import { join } from 'node:path';
import { FailureLog } from '../../dist/src/state/failure-log.js';
import { FailureReasons } from '../../dist/src/state/failure-reasons.js';
import { StateFile } from '../../dist/src/state/state.js';

const directory = process.argv[2] ?? '';
const state = new StateFile(join(directory, 'state.json'));
const reasons = new FailureReasons(join(directory, 'reasons.json'), {
  redact: (text) => text,
  now: () => new Date(),
  warn: (message) => {
    throw new Error(message);
  },
});
const failures = new FailureLog(join(directory, 'failures.log'), reasons);

for (;;) {
  const { lastAttemptedRun } = await state.update((old) => ({
    lastContiguousRun: 0,
    lastAttemptedRun: old.lastAttemptedRun + 1,
  }));
  await failures.change({ add: new Map([[lastAttemptedRun, 'broken']]) });
  process.stdout.write(`${lastAttemptedRun}\n`);
}
