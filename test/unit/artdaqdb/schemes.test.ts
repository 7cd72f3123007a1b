import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MongoDb } from '../../../src/artdaqdb/mongo/mongo-db.ts';
import { backendOf, isDatabaseUri, openArtdaqDb } from '../../../src/artdaqdb/schemes.ts';
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

describe('the table of URI schemes', () => {
  it.each([
    ['mongodb://user:secret@one:27017,two,[::1]:27018/db', ['one', 'two', '[::1]']],
    ['mongodb+srv://user:secret@cluster/db', []],
    ['filesystemdb:///data/db', []],
  ])('names the hosts of %s that the system looks up', (uri, hosts) => {
    expect(backendOf(uri).hosts(uri)).toEqual(hosts);
  });

  it.each([
    ['filesystemdb:///data/db', true],
    ['filesystemdb://$DATA/db', true],
    ['filesystemdb://host/db', false],
    ['mongodb://host/db', true],
    ['mongodb+srv://host/db', true],
    ['mongodb://host', false],
    ['mongo://host/db', false],
    ['/data/db', false],
  ])('tells whether %s can be configured: %s', (uri, isFit) => {
    expect(isDatabaseUri(uri)).toBe(isFit);
  });

  it('loads neither the MongoDB driver nor the tar package before they are used', () => {
    const packages = packagesLoadedBy(resolve(import.meta.dirname, '../../../src/artdaqdb/schemes.ts'));
    expect(packages).toContain('p-limit');
    expect(packages).not.toContain('mongodb');
    expect(packages).not.toContain('tar');
  });
});

/** The packages that a file and what it imports load at once: neither types nor what is imported on demand. */
function packagesLoadedBy(file: string, seen = new Set<string>()): readonly string[] {
  if (seen.has(file)) return [];
  seen.add(file);
  const imports = readFileSync(file, 'utf8').matchAll(/^(?:import|export) (?!type )[^;]*?from '([^']+)';$/gm);
  return [...imports].flatMap(([, name = '']) =>
    name.startsWith('.') ? packagesLoadedBy(resolve(dirname(file), name), seen) : [name],
  );
}
