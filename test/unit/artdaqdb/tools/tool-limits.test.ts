import { describe, expect, it } from 'vitest';
import { refuseLosses } from '../../../../src/artdaqdb/tools/tool-limits.ts';
import { ArtdaqDbError, FhiclError } from '../../../../src/errors.ts';

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

  it('refuses what is no FHiCL', () => {
    expect(check('a: }\n')).toThrow(FhiclError);
  });
});
