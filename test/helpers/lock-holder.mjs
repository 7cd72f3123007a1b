// Takes the process lock given as argument, says so, and keeps it until its standard input ends or the lock is lost.
// With a second argument `abandon` it ends by process.exit(130) without releasing the lock.
// Prints one line each: `held`, `refused <message>`, `lost <reason>`, `failed <message>`.
import { acquireProcessLock } from '../../dist/src/lock/process-lock.js';

const say = (text) => process.stdout.write(`${text.replaceAll('\n', ' ')}\n`);
const lockFile = process.argv[2] ?? '';
const stop = new Promise((resolve) => process.stdin.resume().once('end', resolve));

let noteLoss;
const lost = new Promise((resolve) => {
  noteLoss = resolve;
});

try {
  const lock = await acquireProcessLock(lockFile, {
    onLost: (reason) => {
      say(`lost ${reason}`);
      noteLoss();
    },
    watchIntervalMs: 50,
  });
  say('held');
  if (process.argv[3] === 'abandon') process.exit(130);
  await Promise.race([stop, lost]);
  await lock.release();
} catch (error) {
  say(`${error.name === 'LockExistsError' ? 'refused' : 'failed'} ${error.message}`);
}
process.exit();
