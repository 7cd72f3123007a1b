import { describe, expect, it } from 'vitest';
import { convert } from './convert.ts';

const list = (...lines: string[]) =>
  convert('known_boardreaders_list', lines.map((line) => `${line}\n`).join(''));

describe('known_boardreaders_list.txt', () => {
  it('is a list of fields for each label, with a blank where fields were quoted', () => {
    expect(list('# label host', ' tpc01\th1 -1 1 ', '', 'crt01 h2 -1 1 0-15 "$CMD a "').text).toBe(
      'tpc01: ["h1", "-1", "1"]\ncrt01: ["h2", "-1", "1", "0-15", "$CMD a " ]\n',
    );
  });

  it.each([
    ['pmt-01 h -1', 'pmt_01', ['h', '-1'], '# pmt-01\n'],
    ['01pmt h', '_01pmt', ['h'], '# 01pmt\n'],
    ['pmt.02 h', 'pmt_02', ['h'], '# pmt.02\n'],
    ['"a b" h', '_a_b_', ['h'], '# "a b"\n'],
  ])('makes the label of %j a key and keeps it', (line, key, fields, comment) => {
    const { text, table, warned } = list(line);
    expect(table).toEqual({ [key]: fields });
    expect(text.startsWith(comment)).toBe(true);
    expect(warned).toEqual([1]);
  });

  it.each([
    ['an unterminated quote', 'l h "cmd a b', ['h', '"cmd a b']],
    ['quotes inside a field', 'l h x="a b"c d', ['h', 'x="a b"c', 'd']],
    ['a backslash in quotes', 'l h "\\$X \\d"', ['h', '"\\$X \\d"']],
    ['a label alone', 'l', []],
  ])('keeps %s', (_, line, fields) => {
    expect(list(line).table).toEqual({ l: fields });
  });

  it('keeps a remark as a comment', () => {
    const { text, warned } = list('l h -1 # remark "x" #include "y"');
    expect(text).toBe('l: ["h", "-1"] # remark "x" # include "y"\n');
    expect(warned).toEqual([1]);
  });

  it('keeps labels that repeat', () => {
    expect(list('pmtx01 a', 'pmtx01 b').entries).toEqual([
      ['pmtx01', ['a']],
      ['pmtx01', ['b']],
    ]);
  });
});
