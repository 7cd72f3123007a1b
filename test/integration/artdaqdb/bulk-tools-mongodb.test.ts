import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoDb } from '../../../src/artdaqdb/mongo/mongo-db.ts';
import { openTools } from '../../../src/artdaqdb/tools/open-tools.ts';
import { silentLogger } from '../../../src/log/logger.ts';
import { describeArtdaqDb } from '../../helpers/artdaqdb-conformance.ts';
import { describeWithMongodb, uniqueDatabaseUri } from '../../helpers/mongodb-server.ts';
import { connectToMongodb, StandInTools } from '../../helpers/stand-in-tools.ts';

const traits = { manyRuns: 8, refusesQuotes: true };

describeWithMongodb('MongoDB', (server) => {
  describeArtdaqDb(
    'MongoDB by the tools',
    async () => {
      const databaseUri = uniqueDatabaseUri(server);
      const directory = await mkdtemp(join(tmpdir(), 'bulk-tools-'));
      const tools = new StandInTools(join(directory, 'lib'));
      const disconnect = await connectToMongodb(tools, databaseUri);
      return {
        open: async (now) =>
          openTools(
            new MongoDb(databaseUri, { now }),
            {},
            {
              env: process.env,
              logger: silentLogger,
              workDir: join(directory, 'work'),
              libDirectory: tools.directory,
            },
            { databaseUri, takesThreads: true, hide: (text) => text },
          ),
        remove: async () => {
          await disconnect();
          await rm(directory, { recursive: true });
        },
      };
    },
    traits,
  );
});
