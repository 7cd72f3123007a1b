import { describe, expect, it } from 'vitest';
import { contrasted, csvLine, lineDifference, valueText } from '../../../../tools/run-config/texts.ts';

describe('a list for people', () => {
  it('shortens long values, and shows the difference of two', () => {
    const long = (end: string) => `"${'x'.repeat(500)}${end}"`;
    expect(valueText(long('a'))).toHaveLength(121);
    expect(contrasted(long('a'), long('b'))).toEqual([`…${'x'.repeat(20)}a"`, `…${'x'.repeat(20)}b"`]);
    expect(contrasted('1', '2')).toEqual(['1', '2']);
  });

  it('compares texts of several lines by line, and nothing else', () => {
    expect(lineDifference('"a\\nb\\nc"', '"a\\nB\\nc\\nd"')).toEqual(['- b', '+ B', '+ d']);
    expect(lineDifference('"a"', '"a\\nb"')).toBeUndefined();
    expect(lineDifference('["a\\nb"]', '["a\\nc"]')).toBeUndefined();
    expect(lineDifference('"C:\\\\new"', '"C:\\\\now"')).toBeUndefined();
    expect(lineDifference('"a\\nb" @protect_ignore', '"a\\nc" @protect_ignore')).toBeUndefined();
    const lines = (text: string) => `"${Array.from({ length: 50 }, (_, i) => `${text}${i}`).join('\\n')}"`;
    const found = lineDifference(lines('a'), lines('b'));
    expect(found).toHaveLength(21);
    expect(found?.at(-1)).toBe('… and 80 more lines; --json has all of both texts');
  });
});

describe('a table for programs', () => {
  it('has quotes around what needs them', () => {
    expect(csvLine(['a', 1, undefined, 'b,c', 'say "x"', 'd\ne'])).toBe(
      ['a', '1', '', '"b,c"', '"say ""x"""', '"d\ne"'].join(',').concat('\n'),
    );
  });
});
