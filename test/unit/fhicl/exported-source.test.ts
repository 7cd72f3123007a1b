import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sourceOfExport } from '../../../src/fhicl/exported-source.ts';
import { parseFhicl } from '../../../src/fhicl/parse.ts';
import { fhiclText } from './arbitrary.ts';
import { dataOf, roundTrip } from './support.ts';

describe('sourceOfExport', () => {
  it.each([
    ['a comment sign in a text behind an empty one', 'a: ""\nu: "http://x//y"\nb: 1\n'],
    ['a comment sign in a text, and a comment', 'a: ""\nu: "x # y" # real\nb: 1 # one\n'],
    ['a comment sign behind an escaped quote', 's: "export A=\\"\\" # it\\nhttp://foo // \\"bar\\"\\n"\n'],
    ['a comment sign in a list that was written with other blanks', "a: ''\ns: [ \"a # b\",'c' ] # real\n"],
    [
      'a comment that is not exported and kept artdaqDB from a mistake',
      'a: ""\n\n// section\n\nu: "http://x"\nb: ""\nc: "http://y" # z\n',
    ],
    ['nothing', '\n'],
  ])('gives a text with %s, which is exported as before', (_, text) => {
    const exported = roundTrip(text);
    const source = sourceOfExport(exported);
    expect(roundTrip(source)).toBe(exported);
    expect(dataOf(parseFhicl(source, 'source'))).toEqual(dataOf(parseFhicl(text, 'text')));
  });

  it('leaves an exported text as it is, where quotes in remarks and strings pair', () => {
    fc.assert(
      fc.property(fhiclText, (text) => {
        fc.pre(!/(#|\/\/)[^\n]*["']/.test(text) && !/["']{2}|\\["']/.test(text));
        const exported = roundTrip(text);
        fc.pre(exported !== '');
        expect(sourceOfExport(exported)).toBe(exported);
      }),
      { numRuns: 200 },
    );
  });
});
