import { describe, expect, it } from 'vitest';
import { MongoDb } from '../../../src/artdaqdb/mongo/mongo-db.ts';
import { openArtdaqDb } from '../../../src/artdaqdb/schemes.ts';
import { BulkTools } from '../../../src/artdaqdb/tools/bulk-tools.ts';
import { ConfigurationError } from '../../../src/errors.ts';
import { silentLogger } from '../../../src/log/logger.ts';

const env = { DATA: '/data/x', BLANK: '/a b', EMPTY: '' };

function open(databaseUri: string, useTools = false) {
  return openArtdaqDb(
    { databaseUri, useTools },
    {
      env,
      logger: silentLogger,
      workDir: '/var/work',
      libDirectory: '/opt/lib',
    },
  );
}

describe('openArtdaqDb', () => {
  it.each([
    ['filesystemdb:///data/db', '/data/db'],
    ['filesystemdb:///data/db/', '/data/db'],
    ['filesystemdb://$DATA/db', '/data/x/db'],
    [['filesystemdb:///srv', '{DATA}_1/db'].join('$'), '/srv/data/x_1/db'],
  ])('opens %s', (uri, path) => {
    expect(open(uri).location).toBe(`filesystemdb://${path}`);
  });

  it.each([
    ['filesystemdb://host/data/db', 'absolute'],
    ['filesystemdb://user:secret@host/data/db', 'absolute'],
    ['filesystemdb://user:secret/x@host/data/db *', 'blank'],
    ['filesystemdb://', 'absolute'],
    ['filesystemdb:///', 'below /'],
    ['filesystemdb:///~/db', 'the character ~'],
    ['filesystemdb:///a b/db', 'blank'],
    ['filesystemdb://$BLANK/db', 'blank'],
    ['filesystemdb:///a*/db', 'the character *'],
    ['filesystemdb:///a$(date)/db', 'the character $'],
    ['filesystemdb:///a`date`/db', 'the character `'],
    [['filesystemdb:///', '{DATA:-x}/db'].join('$'), 'the character $'],
    ['filesystemdb:///$MISSING/db', 'variable MISSING'],
    ['filesystemdb:///$EMPTY/db', 'variable EMPTY'],
    ['postgres://user:secret@host/db', 'not with postgres://'],
    ['/data/user:secret@db', 'no scheme'],
    ['', 'no scheme'],
  ])('refuses %s', (uri, reason) => {
    const refusal = () => open(uri);
    expect(refusal).toThrow(ConfigurationError);
    expect(refusal).toThrow('artdaq_db.database_uri');
    expect(refusal).toThrow(reason);
    expect(refusal).not.toThrow('secret');
  });

  it.each([
    ['mongodb://user:secret@host:27017,other/db?replicaSet=r', 'mongodb://host:27017,other/db'],
    ['mongodb+srv://user:secret@host/db', 'mongodb+srv://host/db'],
  ])('opens %s without contacting it', (uri, location) => {
    expect(open(uri)).toBeInstanceOf(MongoDb);
    expect(open(uri).location).toBe(location);
  });

  it.each(['filesystemdb:///data/db', 'mongodb://user:secret@host/db'])('opens %s for the tools', (uri) => {
    const database = open(uri, true);
    expect(database).toBeInstanceOf(BulkTools);
    expect(database.location).toBe(open(uri).location);
  });
});
