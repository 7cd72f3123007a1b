import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { convert } from './convert.ts';

const settings = (...lines: string[]) => convert('settings', lines.map((line) => `${line}\n`).join(''));

describe('settings.txt', () => {
  it.each([
    ['p: [ a-b, c ]', 'p: [ a_b, c ]'],
    ['p: ["a", \'b\', , 3.10]', 'p: [ a, b, 3.10 ]'],
    ['p: []', 'p: [  ]'],
    ['b: false #true', 'b: "false #true"'],
    ['b: True', 'b: true'],
    ['x: 0x1000', 'x: "0x1000"'],
    ['boardreader time-out (s): 60', 'boardreader_time_out_s_: 60'],
    ['r: tpc.* pmt\\d+ .*', 'r: "tpc.* pmt\\\\d+ .*"'],
  ])('%s is written as %s', (source, text) => {
    const { text: written, warnings } = settings(source);
    expect(written).toBe(`${text}\n`);
    expect(warnings).toEqual([]);
  });

  it.each([
    ['elements with blanks', '[ "a b", c-d ]', ['a b', 'c-d']],
    ['elements without commas', '[ a-b c ]', ['a-b c']],
    ['regular expressions', '[ tpc.*, x\\d ]', ['tpc.*', 'x\\d']],
    ['commas in quotes', '[ "1,2", 3 ]', ['1,2', '3']],
    ['brackets in quotes', '[ "a]" ]', ['a]']],
    ['a list of lists', '[ [ a ], "b c" ]', [['a'], 'b c']],
    ['a quote too few', '[ a"b, c ]', ['a"b', 'c']],
    ['what looks like a remark', '[ a#b, c ]', ['a#b', 'c']],
    ['a list that is never closed', '[ a-b, c', '[ a-b, c'],
    ['more after the list', '[ a ] or [ b ]', '[ a ] or [ b ]'],
  ])('keeps %s', (_, value, expected) => {
    const { table, warnings } = settings(`p: ${value}`, 'q: 1');
    expect(table).toEqual({ p: expected, q: '1' });
    expect(warnings).toEqual([]);
  });

  it('keeps a list over several lines, with its remarks', () => {
    const { text, table, warned } = settings('p: [ a b, # first', '  c ] # last', 'q: 1');
    expect(table).toEqual({ p: ['a b', 'c'], q: '1' });
    expect(text.split('\n')[0]).toMatch(/ # first # last$/);
    expect(warned).toEqual([1]);
  });

  it('warns where hyphens replaced are more than those of a name', () => {
    const { text, warnings } = settings('p: [ -1, a-b ]');
    expect(text).toBe('p: [ _1, a_b ]\n');
    expect(warnings).toEqual([{ line: 1, message: expect.stringContaining("'-1'") }]);
  });

  it('keeps any list of quoted elements', () => {
    const elements = fc.array(
      fc.stringMatching(/^[ !#-&(-[\]-~]{0,12}[!#-&(-[\]-~] [ !#-&(-[\]-~]*[!#-&(-[\]-~]$/),
      {
        minLength: 1,
      },
    );
    fc.assert(
      fc.property(elements, (list) => {
        expect(settings(`p: [ ${list.map((each) => `"${each}"`).join(', ')} ]`).table).toEqual({ p: list });
      }),
    );
  });
});
