import { describe, expect, it } from 'vitest';
import {
  exportFolder,
  refuseConfig,
  refuseDirectory,
  refuseEntity,
  refuseLosses,
} from '../../../../src/artdaqdb/tools/tool-limits.ts';
import { ArtdaqDbError, ConfigurationError, FhiclError } from '../../../../src/errors.ts';

const check = (text: string) => () => refuseLosses(5, { name: 'x.fcl', text });

describe('refuseLosses', () => {
  it.each([
    'a: 1\n',
    '#include "a.fcl"\n#include "b.fcl"\na: 1\n',
    '# includes\na: "#includes" # an include\n',
    'a: (1,2)\nb: { c: (-1.5,0x10) }\n',
    'a: 1\na: 2\n',
    'BEGIN_PROLOG\na: 1\nEND_PROLOG\nb: @local::a\n',
    't: { a: 1 a: "x" }\n',
  ])('lets %j pass', (text) => {
    expect(check(text)).not.toThrow();
  });

  it.each([
    ['a: 1\ns: "see #include x"\n', 'line 2'],
    ['setup: \'source x\n#include "y.h"\n\'\n', 'line 2'],
    ['a: 1\n# #include x\nb: 2\n', 'line 2'],
    ['#include "a.fcl"\na: 1 # #include\tx\n', 'line 2'],
    ['a: 1 # see #include: x\n', 'line 1'],
    ['a: 1\nfhicl_pound_include_7: 1\n', 'line 2'],
    ['a: 1\nb: (1, 2)\n', "'b'"],
    ['t: { s: [1, (1,2)] }\n', "'t.s[1]'"],
    ['BEGIN_PROLOG\na: 1\nEND_PROLOG\na: 2\n', "'a' of its prolog"],
    ['a: 1\na: "x"\n', "'a' stands there more than once"],
    ['a: 1 # one\na: 1 # two\n', "'a' stands there more than once"],
  ])('refuses %j', (text, place) => {
    expect(check(text)).toThrow(ArtdaqDbError);
    expect(check(text)).toThrow(/^Run 5: .* x\.fcl /);
    expect(check(text)).toThrow(place);
    expect(check(text)).toThrow('use_tools: false');
  });

  it('refuses what is not FHiCL', () => {
    expect(check('a: }\n')).toThrow(FhiclError);
  });
});

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
