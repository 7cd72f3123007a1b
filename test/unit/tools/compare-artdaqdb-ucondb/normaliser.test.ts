import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FhiclError } from '../../../../src/errors.ts';
import { parseFhicl } from '../../../../src/fhicl/parse.ts';
import { canonicalFhicl } from '../../../../tools/compare-artdaqdb-ucondb/normaliser.ts';
import { fhiclText } from '../../fhicl/arbitrary.ts';
import { dataOf, roundTrip } from '../../fhicl/support.ts';

const canonical = (text: string) => canonicalFhicl(text, 'text');

describe('the canonical form of a FHiCL text', () => {
  it('sorts names and drops comments and layout', () => {
    expect(canonical('# head\nb: [1,{ z: @nil y: true }, [ ]] // note\r\na: { t: {} c: "x" }\n')).toBe(
      [
        'a: {',
        '   c: "x"',
        '   t: {',
        '   }',
        '}',
        'b: [',
        '   1,',
        '   {',
        '      y: true',
        '      z: @nil',
        '   },',
        '   [',
        '   ]',
        ']',
        '',
      ].join('\n'),
    );
  });

  it.each([
    ['403121409', '4.03121409e8'],
    ['1', '+1.'],
    ['007', '7.000'],
    ['.5', '50E-2'],
    ['0x1F', '0b11111'],
    ['0X1f', '31'],
    ['0', '0.000e7'],
    ['1e400', '10.0E+399'],
    ['123456789012345678901234567890', '1.2345678901234567890123456789E29'],
    ['infinity', '+infinity'],
    ['(1,2)', '( +1.0 # real\n, 0x2 )'],
    ['abc', '"abc"'],
    ['"a\'b"', '"a\\\'b"'],
    ["'a\\b'", '"a\\\\b"'],
    ['"a\\tb\\nc"', "'a\tb\nc'"],
    ['@local::x.y', '@local::x.y # there'],
  ])('writes %s and %s in one way', (one, other) => {
    expect(canonical(`a: ${one}\n`)).toBe(canonical(`a: ${other}\n`));
  });

  it.each([
    ['1', '"1"'],
    ['1', '10'],
    ['1e5', '1e-5'],
    ['0', '-0'],
    ['12345678901234567890', '12345678901234567891'],
    ['1e99999999999999999999', '1e99999999999999999998'],
    ['infinity', '-infinity'],
    ['true', '"true"'],
    ['@nil', '"@nil"'],
    ['@local::a', '"@local::a"'],
    ['abc', 'Abc'],
    ['"a b"', '"a  b"'],
    ['"a\\nb"', "'a\\nb'"],
    ['[1, 2]', '[2, 1]'],
    ['[]', '{}'],
    ['[[1], 2]', '[[1, 2]]'],
  ])('keeps %s and %s apart', (one, other) => {
    expect(canonical(`a: ${one}\n`)).not.toBe(canonical(`a: ${other}\n`));
  });

  it.each([
    ['references', 'b: 1\nc: @local::b\n', 'c: @local::b\nb: 1\n'],
    ['references in sequences', 'b: 1\nc: [{ d: @local::b }]\n', 'c: [{ d: @local::b }]\nb: 1\n'],
    ['repeated names', 'b: 1\nb: 2\n', 'b: 2\nb: 1\n'],
    ['dotted names', 'b.c: 1\nb: {}\n', 'b: {}\nb.c: 1\n'],
    ['includes', '#include "x"\nb: 1\n', 'b: 1\n#include "x"\n'],
    ['protections', 'b @protect_ignore: 1\na: 1\n', 'a: 1\nb @protect_ignore: 1\n'],
    ['prologs', 'BEGIN_PROLOG\nb: 1\na: 2\nEND_PROLOG\n', 'BEGIN_PROLOG\na: 2\nb: 1\nEND_PROLOG\n'],
  ])('keeps the order where it can matter: %s', (_, one, other) => {
    expect(canonical(one)).not.toBe(canonical(other));
  });

  it('is the same for what is stored and exported', () => {
    fc.assert(
      fc.property(fhiclText, (text) => {
        // Where artdaqDB's export gives other data, or no FHiCL at all (see "store and export"), it has another form.
        const exported = roundTrip(text);
        const isKept = same(dataIfFhicl(exported), dataIfFhicl(text));
        if (isKept) expect(canonical(exported)).toBe(canonical(text));
      }),
      { numRuns: 500 },
    );
  });

  it('refuses what artdaqDB refuses', () => {
    expect(() => canonical('a: [1, 2\n')).toThrow(FhiclError);
  });
});

function dataIfFhicl(text: string): unknown {
  try {
    return dataOf(parseFhicl(text, 'text'));
  } catch (error) {
    if (error instanceof FhiclError) return undefined;
    throw error;
  }
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
