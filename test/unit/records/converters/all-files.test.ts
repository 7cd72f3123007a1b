import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFhicl } from '../../../../src/fhicl/parse.ts';
import { CONVERTED_NAMES, CONVERTERS } from '../../../../src/records/converters/converters.ts';
import { convert } from './convert.ts';

const bytesOf = (...parts: (string | number)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from([part]))));

/** Pieces from which lines of all kinds come about. */
const pieces = fc.constantFrom(
  ...[
    'a',
    'tpc01',
    'Config name',
    'Component #0',
    'EventBuilder host',
    'Subsystem source',
    'export A',
    'rank',
  ],
  ...['boardreader logfiles', 'sbndaq commit/version', 'BEGIN_PROLOG', '#include', '@nil', '3.10', '.', '-1'],
  ...[':', ': ', '=', ' ', '\t', '"', "'", '\\', '[', ']', '{', '}', ',', '#', '//', '(', '/', '-', '.'],
  ...[
    '\n',
    '\n',
    '\n\n',
    '\r\n',
    '\r',
    '\f',
    '\v',
    '\0',
    '\x7f',
    '\x85',
    '\u2028',
    '\ufeff',
    'é',
    '😀',
    '\ud800',
  ],
);
const lineStructured = fc.array(pieces, { maxLength: 60 }).map((all) => Buffer.from(all.join('')));
const anything = fc.oneof(
  { weight: 3, arbitrary: lineStructured },
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
);

describe.each(CONVERTED_NAMES)('%s.txt, whatever is in it', (name) => {
  it('becomes FHiCL that artdaqDB accepts, with warnings for lines that are there', () => {
    fc.assert(
      fc.property(anything, (bytes) => {
        const { text, warnings } = CONVERTERS[name](bytes);
        expect(() => parseFhicl(text, name)).not.toThrow();
        const lines = bytes.toString('latin1').split(/\r\n|\r|\n/).length;
        for (const { line } of warnings)
          expect(line === undefined || (line >= 1 && line <= lines)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it('is converted even if it holds very many signs of one kind', () => {
    for (const sign of [
      ' ',
      '"',
      "'",
      '[',
      ']',
      '{',
      '\\',
      '\\"',
      '#',
      'x:',
      '=',
      '-',
      '.',
      'é',
      '\n',
      'x: [\n',
      ',',
    ]) {
      const { text } = CONVERTERS[name](Buffer.from(`x: ${sign.repeat(100_000)}y`));
      expect(text.length).toBeGreaterThan(0);
    }
  });

  it('becomes a document with what each always has, and otherwise blank, if it is empty', () => {
    const { text, warnings } = CONVERTERS[name](Buffer.alloc(0));
    expect(warnings).toEqual([]);
    expect(text).toBe(
      { boot: '\nartdaq_process_settings: [\n]\n', setup: 'setup_script: ""' }[name as string] ?? '\n',
    );
  });
});

describe('characters that FHiCL cannot hold', () => {
  it('become one dot each, with a warning that names line and characters', () => {
    const { table, warnings } = convert('settings', 'a: 1\nb: Zürich — 😀\nc: 2\n');
    expect(table).toEqual({ a: '1', b: 'Z.rich . .', c: '2' });
    expect(warnings).toEqual([{ line: 2, message: expect.stringContaining('U+00FC, U+2014, U+1F600') }]);
  });

  it('are single bytes where the text is no UTF-8', () => {
    const { table, warnings } = convert('boot', bytesOf('a: x', 0xff, 0xe2, 0x82, 'y é\n'));
    expect(table).toMatchObject({ a: 'x...y .' });
    expect(warnings).toEqual([
      { line: 1, message: expect.stringContaining('byte 0xFF, byte 0xE2, byte 0x82, U+00E9') },
    ]);
  });

  it('do not make a number of a text', () => {
    expect(convert('settings', 'a: 3é1\n').text).toBe('a: "3.1"\n');
  });

  it('do not split lines', () => {
    const { table, warned } = convert('settings', 'a: x\fb: y\vz\x85w\u2028v\x1b[0m\nc: 1\n');
    expect(table).toEqual({ a: 'x.b: y.z.w.v.[0m', c: '1' });
    expect(warned).toEqual([1]);
  });

  it('share a warning where there are very many lines of them', () => {
    const { warnings } = convert('setup', 'é\n'.repeat(5000));
    expect(warnings).toHaveLength(21);
    expect(warnings.at(-1)).toEqual({ line: 21, message: expect.stringContaining('4980 lines: 21-5000') });
  });

  it('share a warning of moderate length even if every other line has some', () => {
    const { warnings } = convert('setup', 'é\nx\n'.repeat(50_000));
    expect(warnings).toHaveLength(21);
    expect(warnings.at(-1)?.message).toMatch(/in 49980 lines: 41, 43, .*, \.\.\.$/);
    expect(warnings.at(-1)?.message.length).toBeLessThan(1000);
  });

  it('leave a byte-order mark out, so that the first key is the first key', () => {
    const { table, warnings } = convert('metadata', '\ufeffConfig name: x\n');
    expect(table).toEqual({ config_name: 'x' });
    expect(warnings).toEqual([{ line: 1, message: expect.stringContaining('byte-order mark') }]);
  });
});

describe('a file with other content than its name promises', () => {
  it('has one warning for all lines from the thousandth on', () => {
    const { warnings } = convert('settings', 'no setting\n'.repeat(5000));
    expect(warnings).toHaveLength(1001);
    expect(warnings.at(-2)).toEqual({ line: 1000, message: expect.stringContaining('no setting') });
    expect(warnings.at(-1)).toEqual({
      line: 1001,
      message: '4000 more warnings like these, up to line 5000',
    });
  });

  it('has each of its warnings if they are a thousand and one', () => {
    expect(convert('settings', 'no setting\n'.repeat(1001)).warnings.at(-1)?.message).toContain('no setting');
  });

  it.each([
    ['settings', 'x '.repeat(100_000)],
    ['metadata', `${'k-('.repeat(100_000)}: 1`],
    ['environment', '#'.repeat(200_000)],
  ] as const)('does not repeat a line of enormous length in a warning (%s)', (name, line) => {
    const { warnings } = convert(name, line);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.message.length).toBeLessThan(600);
  });
});

describe('line ends', () => {
  it.each(['\n', '\r\n', '\r'])('are %j as well', (end) => {
    const { table, warnings } = convert('settings', ['a: 1', '', 'b: x y'].join(end));
    expect(table).toEqual({ a: '1', b: 'x y' });
    expect(warnings).toEqual([]);
  });
});

describe.each(['settings', 'boot', 'metadata'] as const)('values in %s.txt', (name) => {
  it.each([
    ['a backslash', 'C:\\d', 'C:\\d'],
    ['an escape that is none', 'a\\nb\\t', 'a\\nb\\t'],
    ['a backslash at the end', 'C:\\', 'C:\\'],
    ['one quote', '"', '"'],
    ['two quoted texts', '"a" "b"', '"a" "b"'],
    ['a quoted text that is no FHiCL', '"C:\\d"', '"C:\\d"'],
    ['an entry in the value', '"a" b: "c"', '"a" b: "c"'],
    ['an include', 'x #include "y"', 'x #include "y"'],
    ['an include after a text', '"a" #include "b"', '"a" #include "b"'],
    ['a quoted text', '"q r"', 'q r'],
    ['a dot', '.', '.'],
    ['a number with a final zero', '3.10', '3.10'],
    ['leading zeros', '00042', '00042'],
    ['nothing', '', ''],
    ['a table', '{a: 1}', '{a: 1}'],
  ])('keep %s', (_, value, expected) => {
    const { table, warnings } = convert(name, `key: ${value}\n`);
    expect(table).toMatchObject({ key: expected });
    expect(warnings).toEqual([]);
  });

  it('have a blank after a final backslash where single quotes are no way out', () => {
    const { table, warnings } = convert(name, 'key: it\'s "\\\n');
    expect(table).toMatchObject({ key: 'it\'s "\\ ' });
    expect(warnings).toEqual([{ line: 1, message: expect.stringContaining('backslash') }]);
  });

  it('keep any text of ASCII', () => {
    const visible = fc.stringMatching(/^[!-~]([ -~]{0,30}[!-~])?$/);
    fc.assert(
      fc.property(
        visible.filter((text) => !/^["[{]/.test(text) && !/^(?:true|false)$/i.test(text)),
        (value) => {
          const read = convert(name, `key: ${value}\n`).table.key;
          expect(typeof read === 'string' ? read.trimEnd() : read).toBe(value);
        },
      ),
    );
  });
});

describe('keys', () => {
  it('that FHiCL cannot hold are made valid, told apart, and kept in a comment', () => {
    const { text, entries, warned } = convert(
      'boot',
      'max-rate: 1\nmax(rate: 2\nmax_rate: 3\n9lives: 4\n: 5\n',
    );
    expect(entries.slice(0, 5)).toEqual([
      ['max_rate_2', '1'],
      ['max_rate_3', '2'],
      ['max_rate', '3'],
      ['_9lives', '4'],
      ['_', '5'],
    ]);
    expect(text).toContain('# max-rate\nmax_rate_2: 1\n# max(rate\nmax_rate_3: 2\nmax_rate: 3\n# 9lives\n');
    expect(warned).toEqual([1, 2, 4, 5]);
  });

  it('that mean something to artdaqDB lose their meaning', () => {
    const { entries } = convert('settings', 'BEGIN_PROLOG: 1\nfhicl_pound_include_0: x\n');
    expect(entries).toEqual([
      ['_BEGIN_PROLOG', '1'],
      ['_fhicl_pound_include_0', 'x'],
    ]);
  });

  it('that repeat are all kept', () => {
    const { entries } = convert('settings', 'a b: 1\na_b: 2\na b: 3\n');
    expect(entries).toEqual([
      ['a_b', '1'],
      ['a_b', '2'],
      ['a_b', '3'],
    ]);
  });

  it('with dots stay as they are at top level', () => {
    expect(convert('boot', 'art.x: 4\n').table).toMatchObject({ 'art.x': '4' });
  });
});

describe.each(['settings', 'boot', 'metadata'] as const)('a line of %s.txt without a colon', (name) => {
  it('is left out with a warning that shows it', () => {
    const { text, warnings } = convert(name, 'a: 1\nno colon here\n');
    expect(text.startsWith('a: 1\n')).toBe(true);
    expect(warnings).toEqual([{ line: 2, message: expect.stringContaining('no colon here') }]);
  });
});
