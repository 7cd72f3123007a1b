import { MongoClient } from 'mongodb';
import { expect, inject, it } from 'vitest';
import { describeWithMongodb, uniqueDatabaseUri } from '../helpers/mongodb-server.ts';

describeWithMongodb('the MongoDB server of the tests', (server) => {
  it('is provided as a URI', async () => {
    expect(inject('mongodbUri')).toBe(server.uri);
    const client = new MongoClient(uniqueDatabaseUri(server));
    try {
      await client.db().collection('runs').insertOne({ run: 1 });
      expect(await client.db().collection('runs').countDocuments()).toBe(1);
      await client.db().dropDatabase();
    } finally {
      await client.close();
    }
  });
});
