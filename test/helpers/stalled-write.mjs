// Preloaded into the archiver (`node --import`): the second file that is made below STALLED_DIRECTORY is not made before the
// process has got its first signal and says so; with STALLED_FOR_EVER not at all.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const directory = process.env.STALLED_DIRECTORY ?? '';
const alive = setInterval(() => undefined, 1000);
let made = 0;

const { open } = fs.promises;
fs.promises.open = async (path, flags, ...rest) => {
  if (String(path).startsWith(directory) && flags === 'wx' && ++made === 2) {
    process.stdout.write('the second file is stalled\n');
    await new Promise((goOn) => {
      if (process.env.STALLED_FOR_EVER === undefined) process.once('SIGINT', goOn);
    });
    clearInterval(alive);
  }
  return await open(path, flags, ...rest);
};
syncBuiltinESMExports();
