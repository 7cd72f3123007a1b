import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFhicl } from '../../../src/fhicl/parse.ts';
import { fhiclText } from './arbitrary.ts';
import { dataOf, roundTrip } from './support.ts';

describe('store and export', () => {
  it('keep the data of any document', () => {
    fc.assert(
      fc.property(fhiclText, (text) => {
        // With blank lines of CR LF, the text of an include can go to another value as its annotation.
        fc.pre(!text.includes('\n\r') || !text.includes('#include'));
        const exported = roundTrip(text);
        expect(dataOf(parseFhicl(exported, 'export'))).toEqual(dataOf(parseFhicl(text, 'text')));
      }),
      { numRuns: 1000 },
    );
  });

  it('change nothing from the second time on, where quotes in remarks and strings pair', () => {
    fc.assert(
      fc.property(fhiclText, (text) => {
        fc.pre(!/(#|\/\/)[^\n]*["']/.test(text) && !/["']{2}|\\["']/.test(text));
        const second = roundTrip(roundTrip(text));
        expect(roundTrip(second)).toBe(second);
      }),
      { numRuns: 500 },
    );
  });

  it('refuse or read whatever is made of a document', () => {
    const piece = fc.constantFrom(
      '"',
      "'",
      '#',
      '\n',
      '\\',
      '[',
      '}',
      ':',
      ',',
      '(',
      '@',
      '#include ',
      'é',
      '\r',
    );
    fc.assert(
      fc.property(fhiclText, fc.nat(), piece, (text, at, inserted) => {
        const position = at % (text.length + 1);
        const damaged = text.slice(0, position) + inserted + text.slice(position);
        try {
          roundTrip(damaged);
        } catch (error) {
          expect(error).toMatchObject({ name: 'FhiclError', line: expect.any(Number) });
        }
      }),
      { numRuns: 1000 },
    );
  });
});
