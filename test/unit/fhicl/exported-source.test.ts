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
    [
      'a comment behind the bracket of a list over lines',
      'a: [ # one\n{ b: 1 # two\n}, [ // three\n2 ], "x\ny"] # no\nc: 1\n',
    ],
    ['a comment in a list in a list alone', 'a: [\n1, [2] # two\n]\n'],
    ['nothing', '\n'],
  ])('gives a text with %s, which is exported as before', (_, text) => {
    const exported = roundTrip(text);
    const source = sourceOfExport(exported);
    expect(roundTrip(source)).toBe(exported);
    expect(dataOf(parseFhicl(source, 'source'))).toEqual(dataOf(parseFhicl(text, 'text')));
  });

  it('gives a text with the same export, where quotes in remarks and strings pair', () => {
    fc.assert(
      fc.property(fhiclText, (text) => {
        fc.pre(!/(#|\/\/)[^\n]*["']/.test(text) && !/["']{2}|\\["']/.test(text));
        const exported = roundTrip(text);
        expect(roundTrip(sourceOfExport(exported))).toBe(exported);
      }),
      { numRuns: 200 },
    );
  });

  it('gives most other texts their export, and never other data', () => {
    let [same, other] = [0, 0];
    fc.assert(
      fc.property(fhiclText, (text) => {
        fc.pre(!text.includes('#include'));
        const exported = roundTrip(text);
        const source = sourceOfExport(exported);
        expect(dataOf(parseFhicl(source, 'source'))).toEqual(dataOf(parseFhicl(text, 'text')));
        if (roundTrip(source) === exported) same++;
        else other++;
      }),
      { numRuns: 200 },
    );
    expect(other).toBeLessThan(same / 3);
  });
});
