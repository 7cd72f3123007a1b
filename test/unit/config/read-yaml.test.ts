import { describe, expect, it } from 'vitest';
import { readYaml } from '../../../src/config/read-yaml.ts';

/** What PyYAML's safe loader makes of a plain scalar; numbers in the form of Python's `str`. */
const scalars: readonly (readonly [string, string | boolean | null])[] = [
  ...['yes', 'Yes', 'YES', 'on', 'On', 'ON', 'true', 'True', 'TRUE'].map((text) => [text, true] as const),
  ...['no', 'No', 'NO', 'off', 'Off', 'OFF', 'false', 'False', 'FALSE'].map((text) => [text, false] as const),
  ...['', '~', 'null', 'Null', 'NULL'].map((text) => [text, null] as const),
  ...['y', 'Y', 'n', 'N', 'yEs', 'oN', 'tRUE', 'nULL', 'None', 'inf', 'nan'].map(
    (text) => [text, text] as const,
  ),
  ['0', '0'],
  ['00', '0'],
  ['01', '1'],
  ['010', '8'],
  ['-010', '-8'],
  ['0777', '511'],
  ['08', '08'],
  ['09', '09'],
  ['0o17', '0o17'],
  ['0b101', '5'],
  ['-0b11', '-3'],
  ['0x1F', '31'],
  ['0x', '0x'],
  ['+1', '1'],
  ['1_000', '1000'],
  ['_1', '_1'],
  ['123456789012345678901234567890', '123456789012345678901234567890'],
  ['12:30', '750'],
  ['-12:30', '-750'],
  ['12:5:59', '43559'],
  ['12:60', '12:60'],
  ['0:30', '0:30'],
  ['1:30.5', '90.5'],
  ['1.', '1.0'],
  ['.5', '0.5'],
  ['-.5', '-.5'],
  ['5.10', '5.1'],
  ['2.0', '2.0'],
  ['-0.0', '-0.0'],
  ['1e3', '1e3'],
  ['1E+3', '1E+3'],
  ['1.0e3', '1.0e3'],
  ['1.0e+3', '1000.0'],
  ['1.0E-3', '0.001'],
  ['1.0e+16', '1e+16'],
  ['1.0e+15', '1000000000000000.0'],
  ['0.0001', '0.0001'],
  ['0.000012345', '1.2345e-05'],
  ['1.0e+400', 'inf'],
  ['.inf', 'inf'],
  ['-.INF', '-inf'],
  ['.nan', 'nan'],
  ['.Nan', '.Nan'],
  ['1.2.3', '1.2.3'],
  ['2024-01-01', '2024-01-01'],
];

describe('a plain scalar means what PyYAML takes it for', () => {
  it.each(scalars)('%j is read as %j', (text, value) => {
    expect(readYaml(`value: ${text}\n`, 'f').tree.value).toBe(value);
  });
});

/** Documents, and what PyYAML's safe loader makes of them. */
const documents: readonly (readonly [string, object])[] = [
  ['a: [x, \'yes\', "010", 0x8, yes, ]\n', { a: ['x', 'yes', '010', '8', true] }],
  ['a: {p: 1, q: {r: on}}\n', { a: { p: '1', q: { r: true } } }],
  ['a: |\n  l1\n  l2\nb: >-\n  folded\n  text\n\n  para\n', { a: 'l1\nl2\n', b: 'folded text\npara' }],
  ["a: x#y # c\nb: 'it''s'\nc: \"\\t\\u00e9\"\n", { a: 'x#y', b: "it's", c: '\té' }],
  ['y: 1\nn: 2\n"a b": 3\n? d\n: 4\n', { y: '1', n: '2', 'a b': '3', d: '4' }],
  ['a:\nb: ~\nc: ""\nd: {}\ne: []\n', { a: null, b: null, c: '', d: {}, e: [] }],
  ['a: !!str 5\nb: !!str yes\n', { a: '5', b: 'yes' }],
  ['a: !!int 0x10\nb: !!bool "yes"\nc: !!null ""\n', { a: '16', b: true, c: null }],
  ['%YAML 1.2\n---\na: yes\nb: 0x8\n...\n', { a: true, b: '8' }],
  ['\uFEFFa: x\r\nb: y\r\n', { a: 'x', b: 'y' }],
  ['a: &x 1\nb: [*x, *x]\nc: &x 2\nd: *x\n', { a: '1', b: ['1', '1'], c: '2', d: '2' }],
  ['b: &b {x: 1, y: 2}\na:\n  y: 3\n  <<: *b\n', { b: { x: '1', y: '2' }, a: { x: '1', y: '3' } }],
  ['a:\n  <<: [{x: 1}, {x: 2, y: 2}]\n', { a: { x: '1', y: '2' } }],
  ['a: "${B:-x}"\nb: ${c}\nd: ${E:-http://h:1/p}\n', { a: '${B:-x}', b: '${c}', d: '${E:-http://h:1/p}' }],
  [
    '__proto__: 1\nconstructor: {toString: 2}\n',
    JSON.parse('{"__proto__":"1","constructor":{"toString":"2"}}'),
  ],
];

describe('a document', () => {
  it.each(documents)('%j is read as PyYAML reads it', (text, expected) => {
    const { tree, warnings } = readYaml(text, 'f');
    expect(JSON.stringify(tree, sorted)).toBe(JSON.stringify(expected, sorted));
    expect(warnings).toEqual([]);
  });

  it('may give a name twice: the last value counts, with a warning', () => {
    const { tree, warnings } = readYaml('s:\n  p: 1\n  q: 2\n  p: 3\ns2: 1\n', 'f');
    expect(tree).toMatchObject({ s: { p: '3', q: '2' } });
    expect(warnings).toEqual(['f:4:3 s.p: given twice in the same section; the last one counts']);
  });

  it('is read with a list of the unquoted values that are changed', () => {
    expect(readYaml('s:\n  p: 0123\n  q: 12:30\n  r: "0123"\n  t: 5\n  u: yes\n', 'f').changed).toEqual([
      { path: ['s', 'p'], written: '0123', read: '83' },
      { path: ['s', 'q'], written: '12:30', read: '750' },
    ]);
  });

  it('is read with the place of every value, and of the section around a missing one', () => {
    const { locate } = readYaml('a: &a\n  b: 1\n  c: [x,\n    y]\nd:\n  <<: *a\n', 'f');
    expect(locate(['a', 'b'])).toBe('f:2:6');
    expect(locate(['a', 'c', '1'])).toBe('f:4:5');
    expect(locate(['a', 'none', 'x'])).toBe('f:2:3');
    expect(locate(['d', 'b'])).toBe('f:2:6');
    expect(locate(['none'])).toBe('f:1:1');
  });
});

describe('a text that is no configuration', () => {
  it.each([
    ['', /^f is empty/],
    ['# nothing\n---\n', /^f is empty/],
    ['null\n', /^f is empty/],
    ['- a\n', /^f:1:1 .*no sections/],
    ['text\n', /^f:1:1 .*no sections/],
    ['a:\n\tb: 1\n', /^f:2:1 .*a tab in the indentation; use spaces/],
    ['a: 1\n b: 2\n', /^f:1:4 .*more than one `name: value`/],
    ['a: b: c\n', /^f:1:4 .*more than one `name: value`/],
    ['a: [1, 2\nb: 3\n', /^f:\d:\d .*/],
    ["a: 1\nb: 'x\n", /^f:3:1 .*a missing quote/],
    ['a: 1\n---\nb: 2\n', /^f:2:1 .*a second document/],
    ['a: "\\q"\n', /^f:1:5 .*escape/],
    ['a: x\u0007y\n', /^f:1:5 .*control character/],
    ['a: &x [*x]\n', /^f:1:\d .*contains itself/],
    ['? [a]\n: 1\n', /^f:1:3 .*name must be a plain text/],
    ['a: &x b\n*x : 1\n', /^f:2:1 .*name must be a plain text/],
    ['a:\n  <<: text\n', /^f:2:7 .*`<<`/],
    [`a: ${'['.repeat(5000)}`, /^f:1:\d+ .*levels of nesting/],
    [`a:\n  ${'- '.repeat(5000)}x`, /^f:\d:\d+ .*levels of nesting/],
    [
      Array.from({ length: 200 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
      /^f:\d+:\d+ .*levels of nesting/,
    ],
    [`a: ${'x'.repeat(300_000)}`, /^f:1:1 .*more than 262144 characters/],
    [
      `a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n${Array.from({ length: 8 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(10)}]`).join('\n')}`,
      /more than 20000 values/,
    ],
  ])('is refused by line and column (case %#)', (text, message) => {
    expect(() => readYaml(text, 'f')).toThrow(message);
  });

  it.each([
    'a: *hunter2\n',
    'a: @hunter2\n',
    'a: !hunter2 x\n',
    "a: 'x' hunter2\n",
    'hunter2 hunter2: a: b\n',
    'a: &hunter2 &hunter2 x',
  ])('is refused without quoting what may be a password: %j', (text) => {
    expect(() => readYaml(text, 'f')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter') }),
    );
  });
});

function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
}
