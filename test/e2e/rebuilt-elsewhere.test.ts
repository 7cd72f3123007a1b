import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { FilesystemDb } from '../../src/artdaqdb/filesystem/filesystem-db.ts';
import { MongoDb } from '../../src/artdaqdb/mongo/mongo-db.ts';
import { archiveHere } from '../helpers/archiver-here.ts';
import { describeWithMongodb, uniqueDatabaseUri } from '../helpers/mongodb-server.ts';
import { StandInTools } from '../helpers/stand-in-tools.ts';
import { useSite } from '../helpers/use-site.ts';

const times =
  'DAQInterface start time: Thu Oct 24 15:30:00 UTC 2024\nDAQInterface stop time: Thu Oct 24 15:40:00 UTC 2024\n';
const record = {
  'metadata.txt': `Config name: physics\nComponent #0: component01\n\n${times}`,
  'environment.txt': 'export A=\nexport URL=http://x//y\n',
  'component01.fcl': '# lost\n\na.b: 1 # kept\n# above\nc: { d: ["x", 12] }\n',
};

describeWithMongodb('a MongoDB that lost its runs', (server) => {
  const { site, ucondb, run } = useSite();

  it('is rebuilt from UconDB, and is equal to it', async () => {
    const uri = uniqueDatabaseUri(server);
    site.configure(ucondb.url, { artdaq_db: { database_uri: uri } });
    for (const number of [1, 2, 3]) site.addRun(number, record);
    expect((await run('--incremental')).code).toBe(0);
    const client = new MongoClient(uri);
    const db = new MongoDb(uri);
    try {
      const before = await db.export(2);
      await client.db().dropDatabase();
      const { code, stdout } = await run('--restore', '1-3', '--to-artdaqdb');
      expect([code, stdout]).toEqual([
        0,
        expect.stringContaining('3 runs are in artdaqDB and equal to their blobs'),
      ]);
      expect(await db.export(2)).toEqual(before);
      expect(await db.configurationOf(2)).toBe('physics');
      for (const flag of ['--verify', '--incremental', '--recover-import-state'])
        expect((await run(flag)).code).toBe(0);
    } finally {
      await client.db().dropDatabase();
      await client.close();
      await db.close();
    }
  });
});

describe('with use_tools', () => {
  const { site, ucondb, run } = useSite();

  it('a FilesystemDB is rebuilt by bulkloader', async () => {
    for (const number of [1, 2]) site.addRun(number, record);
    expect((await run('--incremental')).code).toBe(0);
    const elsewhere = join(site.directory, 'other');
    site.configure(ucondb.url, {
      artdaq_db: { database_uri: `filesystemdb://${elsewhere}`, use_tools: true },
    });
    const tools = new StandInTools(join(site.directory, 'programs'));
    const env = { PATH: `${tools.directory}:${process.env.PATH}` };
    const rebuild = () =>
      archiveHere([site.config, '--restore', '1-2', '--to-artdaqdb', '--configuration', 'mine'], env);
    expect((await rebuild()).code).toBe(0);
    expect(tools.calls().filter(({ tool }) => tool === 'bulkloader')).toHaveLength(4);
    expect(await new FilesystemDb(elsewhere).export(1)).toEqual(
      await new FilesystemDb(site.database).export(1),
    );
    expect(await new FilesystemDb(elsewhere).configurationOf(1)).toBe('mine');
    expect((await archiveHere([site.config, '--verify'], env)).code).toBe(0);
  });
});
