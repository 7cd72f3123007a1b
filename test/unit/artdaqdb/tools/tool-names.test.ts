import { describe, expect, it } from 'vitest';
import {
  exportFolder,
  refuseConfig,
  refuseDirectory,
  refuseEntity,
} from '../../../../src/artdaqdb/tools/tool-limits.ts';
import { ArtdaqDbError, ConfigurationError } from '../../../../src/errors.ts';

describe('configuration names', () => {
  it.each([
    'standard',
    ' a b ',
    'a=b',
    'x$HOME',
    'x #y $HOME',
    'x y$z',
    'a*b?',
    '#1',
    '~x',
    '7',
    '1.5',
    'v.',
    '@a',
    'a-b',
    'x'.repeat(255),
    `${'x'.repeat(255)}12`,
  ])('may be %j', (name) => {
    expect(() => refuseConfig(1, name)).not.toThrow();
  });

  it.each([
    '-r',
    '--run',
    '-',
    'a"b',
    'a\\b',
    "it's",
    'a;b',
    'a|b',
    'a&b',
    'a`b`',
    '$(x)',
    'a<b',
    '.',
    '..',
    '..12',
    '.5',
    'a/b',
    'schema.fcl12',
    'a/../../b',
    'a\nb',
    'a\tb',
    'a\x7f',
    'a $HOME.b',
    'a#b $HOME',
    'x'.repeat(256),
    'é'.repeat(128),
  ])('may not be %j', (name) => {
    expect(() => refuseConfig(1, name)).toThrow(ArtdaqDbError);
    expect(() => refuseConfig(1, name)).toThrow('use_tools: false');
  });
});

describe('entities', () => {
  it.each(['boot', 'schema', 'a b', "it's", '-x', '..', '5', 'a.fcl', 'a;b', 'x'.repeat(251)])(
    'may be %j',
    (entity) => {
      expect(() => refuseEntity(1, entity)).not.toThrow();
    },
  );

  it.each(['xschema', 'schema.fcl', 'schema.fcl2', 'a"b', 'a\\b', 'x'.repeat(252), 'é'.repeat(126)])(
    'may not be %j',
    (entity) => {
      expect(() => refuseEntity(1, entity)).toThrow(ArtdaqDbError);
    },
  );
});

it.each(['/var/lib/archiver/artdaqdb_tools', '/data/a-b_c.d/%41'])('takes the directory %s', (directory) => {
  expect(() => refuseDirectory(directory)).not.toThrow();
});

it.each(['/var/lib/my archiver', '/data/x.fcl/work', '/data/$HOME', "/data/it's", '/data/a;b'])(
  'refuses the directory %s',
  (directory) => {
    expect(() => refuseDirectory(directory)).toThrow(ConfigurationError);
    expect(() => refuseDirectory(directory)).toThrow('app.work_dir');
  },
);

it.each([
  ['standard00036', 'standard'],
  ['a1b2', 'a1b'],
  ['77', ''],
])('knows that %s is exported to %j', (config, folder) => {
  expect(exportFolder(config)).toBe(folder);
});
