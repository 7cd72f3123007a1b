import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FilesystemDb } from '../../../src/artdaqdb/filesystem/filesystem-db.ts';
import { openTools } from '../../../src/artdaqdb/tools/open-tools.ts';
import { silentLogger } from '../../../src/log/logger.ts';
import { describeArtdaqDb } from '../../helpers/artdaqdb-conformance.ts';
import { briefly } from '../../helpers/briefly.ts';
import { StandInTools } from '../../helpers/stand-in-tools.ts';

const traits = { manyRuns: 8, refusesQuotes: true };

describeArtdaqDb(
  'FilesystemDB by the tools',
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'bulk-tools-'));
    const tools = new StandInTools(join(directory, 'lib'));
    return {
      open: async (now) =>
        openTools(
          new FilesystemDb(join(directory, 'db'), { now, sleep: briefly }),
          {},
          {
            env: process.env,
            logger: silentLogger,
            workDir: join(directory, 'work'),
            libDirectory: tools.directory,
          },
          {
            databaseUri: `filesystemdb://${join(directory, 'db')}`,
            takesThreads: false,
            hide: (text) => text,
          },
        ),
      remove: () => rm(directory, { recursive: true }),
    };
  },
  traits,
);
