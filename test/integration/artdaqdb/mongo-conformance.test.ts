import { MongoClient } from 'mongodb';
import { MongoDb } from '../../../src/artdaqdb/mongo/mongo-db.ts';
import { describeArtdaqDb } from '../../helpers/artdaqdb-conformance.ts';
import { describeWithMongodb, uniqueDatabaseUri } from '../../helpers/mongodb-server.ts';

describeWithMongodb('MongoDB', (server) => {
  describeArtdaqDb('MongoDb', async () => {
    const uri = uniqueDatabaseUri(server);
    return {
      open: async (now) => new MongoDb(uri, { now }),
      remove: async () => {
        const client = new MongoClient(uri);
        await client.db().dropDatabase();
        await client.close();
      },
    };
  });
});
