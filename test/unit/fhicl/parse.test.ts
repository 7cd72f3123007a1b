import { describe, expect, it } from 'vitest';
import { FhiclError } from '../../../src/errors.ts';
import { parseFhicl } from '../../../src/fhicl/parse.ts';
import { contentOf, dataOf, roundTrip, store } from './support.ts';

const main = (text: string) => (dataOf(parseFhicl(text, 'text')) as { main: unknown }).main;
const position = (text: string) => {
  try {
    parseFhicl(text, 'text.fcl');
  } catch (error) {
    if (error instanceof FhiclError) return `${error.line}:${error.column}`;
    throw error;
  }
  return 'read';
};

describe('where the C++ library loses data, the parser', () => {
  it.each(['text #include <x>', 'a #include \\"f\\" b', '#include '])(
    'keeps an #include in a string: %s',
    (content) => {
      const text = `a: "${content}"\nb: 1\nc: "x"\n`;
      expect(main(text)).toEqual([
        ['a', '', { string_doublequoted: content }],
        ['b', '', { number: '1' }],
        ['c', '', { string_doublequoted: 'x' }],
      ]);
      expect(main(roundTrip(text))).toEqual(main(text));
    },
  );

  it.each(['# see #include here', '// #include', '#include these', 'e: "" #include these'])(
    'keeps what follows an #include in a remark: %s',
    (line) => {
      const rest = 'a: 1\n#include "real.fcl"\nb: "x"\n';
      expect(main(`${line}\n${rest}`)).toEqual(expect.arrayContaining(main(rest) as unknown[]));
      expect(main(roundTrip(`${line}\n${rest}`))).toEqual(main(`${line}\n${rest}`));
    },
  );

  it('keeps what follows a commented-out #include, as DAQInterface copies it from configurations of SBND', () => {
    const text = '##include "ptbmk2_nd_2hz.fcl" \na: 1\nb: "x"\n';
    expect(main(text)).toEqual([
      ['a', '', { number: '1' }],
      ['b', '', { string_doublequoted: 'x' }],
    ]);
    expect(main(roundTrip(text))).toEqual(main(text));
  });

  it('keeps a string that the comment scanner takes for an #include, and exports it readably', () => {
    const text = 'a: ""\nb: "use #include here"\nc: [["#include x"]]\n';
    expect(main(roundTrip(text))).toEqual(main(text));
  });

  it('keeps complex numbers, on one line', () => {
    expect(main('a: (1,\n\t2) b: [ ( 0x1 , -2e3 ), (1 # one\n , 2) ]')).toEqual([
      ['a', '', { complex: '(1, 2)' }],
      ['b', '', { sequence: [{ complex: '( 0x1 , -2e3 )' }, { complex: '(1 , 2)' }] }],
    ]);
  });

  it('keeps repeated keys at the top with their own metadata, and prolog keys that main has too', () => {
    const text = 'BEGIN_PROLOG a: 1 END_PROLOG\na: "2" # two\na: { b: [3] }\na: 4 # four\n';
    expect(roundTrip(text)).toBe(
      'BEGIN_PROLOG\n\na: 1 \n\nEND_PROLOG\n\na: "2" # two\n# two\na: {\n# two\nb: [3] \n\n}\na: 4 # four\n',
    );
  });
});

describe('includes', () => {
  it('are numbered as the C++ library does, which counts those in text too', () => {
    const keys = parseFhicl(
      '# an #include "x"\n#include "a"\nt: {\n#include "b"\n}\n#include "c"\n',
      'text',
    ).main.map((entry) => entry.key);
    expect(keys).toEqual(['fhicl_pound_include_1', 't', 'fhicl_pound_include_3']);
  });

  it('are found behind one with many blanks', () => {
    const text = `#include ${' '.repeat(20)} "x"\n\na: 1\n#include "y"\n`;
    expect(roundTrip(text)).toBe(' \n#include "x" \n\na: 1 \n \n#include "y" \n');
  });

  it('are exported as JSON text', () => {
    const text = '#include "a\\\\b"\n#include \'c"\td\'\n';
    expect(roundTrip(text)).toBe(' \n#include "a\\\\\\\\b" \n \n#include "c\\"\\td" \n');
  });

  it.each([
    ['a: 1\n#include nothing\n', '2:1'],
    ['a: [1, #include "x"\n 2]', '1:8'],
    ['a: 1#include "x"\n', '1:4'],
    ['BEGIN_PROLOG END_PROLOG#include "x"\n', '1:24'],
    ['a: 1\n#include"x"\n', '2:1'],
    ['a: "\n#included"\n', '2:1'],
  ])('are refused elsewhere: %j', (text, where) => {
    expect(position(text)).toBe(where);
  });
});

describe('an error', () => {
  it.each([
    ['', '1:1'],
    ['a: 1\r\n\r\nb: é', '3:4'],
    ['a: 1\rb 2', '2:1'],
    ['a: "x\r\ny\\z"', '2:2'],
    ["a: 'x\u0001'", '1:6'],
    ['\ufeffa: 1', '1:1'],
    ['a: {\n b: [1\n', '2:5'],
    ['a: [1,\n', '2:1'],
    ['a: 1\nBEGIN_PROLOG b: 2 END_PROLOG', '2:1'],
    ['BEGIN_PROLOG\na: 1\n', '1:13'],
    ['a: (1, x)', '1:8'],
    ['a: "x"y', '1:7'],
    ['a: 1\nb: "x\nc: "y"\n', '2:4'],
    ['a.b c: 1', '1:1'],
    ['t: { a.b: 1 }', '1:6'],
  ])('names the position in the given text: %j', (text, where) => {
    expect(position(text)).toBe(where);
  });
});

describe('protected entries', () => {
  it('keep their first value in a nested table if further ones are to be ignored', () => {
    expect(main('t: { a @protect_ignore: 1 a: 2 b: 1 b: 2 }')).toEqual([
      [
        't',
        '',
        {
          table: [
            ['a', '@protect_ignore', { number: '1' }],
            ['b', '', { number: '2' }],
          ],
        },
      ],
    ]);
  });

  it.each([
    't: { a @protect_error: 1 a: 2 }',
    't: { a: 1 a @protect_ignore: 2 }',
    't @protect_error: [{ a @protect_ignore: 1 }]',
    'a @protect_ignore : 1',
  ])('are refused: %s', (text) => {
    expect(position(text)).not.toBe('read');
  });
});

describe('the parser', () => {
  it('refuses nesting that is too deep, however deep', () => {
    expect(position(`a: ${'['.repeat(200_000)}`)).toBe('1:1004');
    expect(position('a: {'.repeat(200_000))).toBe('1:4004');
  });

  it('stores and exports what is just not too deep', () => {
    for (const text of [
      `a: ${'['.repeat(1000)}${']'.repeat(1000)}`,
      `${'a: {'.repeat(1000)}${'}'.repeat(1000)}`,
    ]) {
      expect(roundTrip(roundTrip(text))).toBe(roundTrip(text));
    }
  });

  it('keeps the last of many repeated nested keys at the first place', () => {
    const entries = Array.from({ length: 30_000 }, (_, index) => `k${index % 10_000}: ${index}`);
    const [table] = parseFhicl(`t: {${entries.join('\n')}}`, 'text').main;
    const nested = table?.value.type === 'table' ? table.value.entries : [];
    expect(nested).toHaveLength(10_000);
    expect(nested[7]).toMatchObject({ key: 'k7', value: { text: '20007' } });
  });
});

describe('comments', () => {
  it('are stored with the line that they start on, whatever ends the lines', () => {
    const comments = contentOf(store('# a\r\nb: "x\r\ny" // c\n# d\r# e\x7f')).comments;
    expect(comments).toEqual([
      { line: 1, text: '# a' },
      { line: 3, text: '// c' },
      { line: 4, text: '# d' },
      { line: 5, text: '# e\x7f' },
    ]);
  });

  it('go to other values behind blank lines of CR LF, of which artdaqDB counts one at a time', () => {
    const text = '# top\r\n\r\na: 1 # at a\r\n# above b\r\nb: 2\r\n';
    expect(contentOf(store(text)).comments.map(({ line }) => line)).toEqual([1, 2, 3]);
    expect(roundTrip(text)).toBe('# at a\na: 1 # above b\n\nb: 2 \n');
  });
});

describe('as artdaqDB does, the parser', () => {
  it('accepts a comma that opens a sequence', () => {
    expect(roundTrip('a: [,1] b: [ , [,2], x ]')).toBe('\na: [1] \n\nb: [[2] \n, x] \n');
    for (const text of ['a: [,]', 'a: [,,1]', 'a: [1,]']) expect(position(text)).not.toBe('read');
  });

  it('takes VT and FF for a part of the unquoted value before them, and escapes them in texts alone', () => {
    const text = 'a: 1\f\nb: [@nil\v, w\f\f, (1,2)\v ] c: "x"\f d: true \f e: (1,\f2)';
    expect(roundTrip(text)).toBe(
      '\na: 1\f \n\nb: [@nil\v, w\f\f, (1,2)\v] \n\nc: "x" \n\nd: true \n\ne: (1,\f2) \n',
    );
    expect(store(text)).toContain('"a" : "1\f"');
    expect(store(text)).toContain('"w\\f\\f"');
  });

  it.each(['END_PROLOG: 1', 'END_PROLOG_x: 1', 'END_PROLOG # remark\n . b @protect_ignore: 1'])(
    'accepts the name %j inside a prolog',
    (entry) => {
      const { prolog, main } = parseFhicl(`BEGIN_PROLOG ${entry} END_PROLOG\n#include "f"\n`, 'text');
      expect([prolog.length, main.length]).toEqual([1, 1]);
    },
  );

  it('accepts the id of a table', () => {
    const text = `a: !id::${'0aF9'.repeat(10)}`;
    expect(main(text)).toEqual([['a', '', { tableid: text.slice(3) }]]);
    expect(roundTrip(text)).toBe(`\n${text} \n`);
  });
});

it.each([
  'a: 1\nb: !local::a',
  'a: 1\na: !erase',
  'a: { b: 1 }\n!table::a',
  'a: [!sequence::b]',
  'a: !id::12',
])('The parser refuses what artdaqDB would resolve: %j', (text) => {
  expect(() => parseFhicl(text, 'text')).toThrow(/begins with !/);
});

it('The parser refuses a text of so many values that it could not be stored', () => {
  expect(() => parseFhicl(`a: [${'1,'.repeat(5_000_000)}1]`, 'text')).toThrow(/more than 5000000 values/);
});
