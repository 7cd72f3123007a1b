import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LineOptions, reduceLines } from '../../../../tools/compare-artdaqdb-ucondb/line-options.ts';

const none: LineOptions = { ignoreCase: false, ignoreAllSpace: false, ignoreBlankLines: false };
const equal = (one: string, other: string, options: Partial<LineOptions>) =>
  reduceLines(one, { ...none, ...options }) === reduceLines(other, { ...none, ...options });

describe('lines reduced to what counts', () => {
  it('are as they were without options', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(reduceLines(text, none)).toBe(text);
      }),
    );
  });

  it.each<[Partial<LineOptions>, string, string, boolean]>([
    [{ ignoreCase: true }, 'Run: ON\n', 'run: on\n', true],
    [{ ignoreCase: true }, 'a: 1\n', 'a:1\n', false],
    [{ ignoreAllSpace: true }, 'a: [ 1,\t2 ] \r\nb: 1\n', '  a:[1,2]\nb: 1\n', true],
    [{ ignoreAllSpace: true }, 'a: 1\nb: 2\n', 'a: 1 b: 2\n', false],
    [{ ignoreAllSpace: true }, 'a: 1\n\n', 'a: 1\n', false],
    [{ ignoreAllSpace: true }, 'a: 1\n', 'a: 1', false],
    [{ ignoreBlankLines: true }, '\na: 1\n\r\n\nb: 2\n', 'a: 1\nb: 2\n\n', true],
    [{ ignoreBlankLines: true }, 'a: 1\n \nb: 2\n', 'a: 1\nb: 2\n', false],
    [{ ignoreBlankLines: true, ignoreAllSpace: true }, 'a: 1\n \t\nb: 2\n', 'a: 1\nb: 2\n', true],
    [{ ignoreMatchingLines: /time/ }, 'a: 1\nstop_time: 7\n', 'start_time: "x"\na: 1\n', true],
    [{ ignoreMatchingLines: /^a: \d$/ }, 'a: 1\r\nb: 2\na: 3', 'b: 2\na: 4\n', true],
    [{ ignoreMatchingLines: /^a: \d$/ }, 'a: 1\n', 'a: 12\n', false],
    [{ ignoreMatchingLines: /Time/ }, 'time: 1\n', 'time: 2\n', false],
    [{ ignoreMatchingLines: /Time/, ignoreCase: true }, 'time: 1\n', 'time: 2\n', false],
    [{ ignoreMatchingLines: /^a b/, ignoreAllSpace: true }, 'a b: 1\n', 'a b: 2\n', true],
  ])('under %j: %j and %j are equal: %j', (options, one, other, expected) => {
    expect(equal(one, other, options)).toBe(expected);
    expect(equal(other, one, options)).toBe(expected);
  });

  it('hide only the changes that the option names', () => {
    const line = fc.constantFrom('a', 'A', 'b', '', ' ', 'a b', 'ab', 'a\tb');
    const text = fc.array(line).map((lines) => lines.map((each) => `${each}\n`).join(''));
    const views: [Partial<LineOptions>, (text: string) => string][] = [
      [{ ignoreCase: true }, (each) => each.toLowerCase()],
      [{ ignoreAllSpace: true }, (each) => each.replace(/[ \t]/g, '')],
      [{ ignoreBlankLines: true }, (each) => each.replace(/^\n/gm, '')],
      [{ ignoreMatchingLines: /b/ }, (each) => each.replace(/.*b.*\n/g, '')],
    ];
    fc.assert(
      fc.property(text, text, fc.constantFrom(...views), (one, other, [options, view]) => {
        expect(equal(one, other, options)).toBe(view(one) === view(other));
      }),
    );
  });
});
