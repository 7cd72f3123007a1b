// Repairs a FilesystemDB: <database>.

import { realFiles } from '../../dist/src/artdaqdb/filesystem/database-files.js';
import { silentLogger } from '../../dist/src/log/logger.js';
import { repairDatabase } from '../../dist/tools/repair-filesystemdb/repair.js';

const database = process.argv[2];
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
    files: realFiles,
    sleep: async () => undefined,
    now: Date.now,
    settleMilliseconds: 0,
    notice: () => undefined,
    throwIfStopped: () => undefined,
  },
);
process.stdout.write(`${findings.length}\n`);
