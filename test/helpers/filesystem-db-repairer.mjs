// Mends a FilesystemDB: <database> [<n>]. With <n> it kills itself (SIGKILL) at the n-th call to the file system.
import { repairDatabase } from '../../dist/src/clients/artdaqdb/filesystem/check/repair.js';
import { realFiles } from '../../dist/src/clients/artdaqdb/filesystem/database-files.js';
import { silentLogger } from '../../dist/src/services/logger.js';

const [database = '', fatalCall] = process.argv.slice(2);
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

const none = new Set();
const { findings } = await repairDatabase(
  database,
  {
    apply: true,
    deep: false,
    setAside: false,
    runs: none,
    whole: none,
    reimport: none,
    backupParent: `${database}.repairs`,
    logger: silentLogger,
  },
  {
    files: countsIn(realFiles),
    sleep: async () => undefined,
    now: Date.now,
    settleMilliseconds: 0,
    notice: () => undefined,
    throwIfStopped: () => undefined,
  },
);
process.stdout.write(`${findings.length}\n`);
