import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IndexBytes } from '../../../../../src/artdaqdb/filesystem/index/index-bytes.ts';

const content = fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => Buffer.from(bytes));
const windowBytes = fc.integer({ min: 1, max: 70 });
const places = fc.array(fc.nat({ max: 60 }), { maxLength: 20 });

/** The places `[start, end)` of a content that two numbers stand for. */
function rangeIn(bytes: Buffer, one: number, other: number): [number, number] {
  const [start, end] = [one % (bytes.length + 1), other % (bytes.length + 1)];
  return start < end ? [start, end] : [end, start];
}

describe('IndexBytes', () => {
  it('the bytes are those of the content, in whatever order they are asked for', () => {
    fc.assert(
      fc.property(content, windowBytes, places, (bytes, window, asked) => {
        const windowed = IndexBytes.of(bytes, window);
        for (const [turn, place] of asked.entries()) {
          expect(windowed.at(place)).toBe(bytes[place]);
          const [start, end] = rangeIn(bytes, place, asked[turn - 1] ?? 0);
          expect(windowed.copy(start, end)).toEqual(bytes.subarray(start, end));
          expect(windowed.text(start, end)).toBe(bytes.toString('utf8', start, end));
        }
      }),
    );
  });

  it('equals finds whether a part of it stands in others', () => {
    const alike = fc
      .array(fc.constantFrom(1, 2), { minLength: 1, maxLength: 12 })
      .map((each) => Buffer.from(each));
    fc.assert(
      fc.property(
        alike,
        alike,
        windowBytes,
        windowBytes,
        fc.nat(),
        fc.nat(),
        fc.nat(13),
        (one, other, ...rest) => {
          const [window, othersWindow, from, to, place] = rest;
          const [start, end] = rangeIn(one, from, to);
          const isEqual = one.subarray(start, end).equals(other.subarray(place, place + end - start));
          const windowed = IndexBytes.of(one, window);
          expect(windowed.equals(start, end, IndexBytes.of(other, othersWindow), place)).toBe(
            isEqual && place <= other.length,
          );
        },
      ),
    );
  });

  it('no more than the window is in memory', () => {
    const bytes = Buffer.alloc(1000, 'x');
    const asked: number[] = [];
    const windowed = new IndexBytes(
      bytes.length,
      (into, place) => {
        asked.push(into.length);
        bytes.copy(into, 0, place);
      },
      100,
    );
    for (let place = 0; place < bytes.length; place++) windowed.at(place);
    expect(Math.max(...asked)).toBe(100);
    expect(asked.length).toBeLessThan(12);
  });

  it('an error of reading passes through, and the bytes are read again afterwards', () => {
    let isBroken = false;
    const windowed = new IndexBytes(
      10,
      (into) => {
        into.fill(isBroken ? 'bad' : 'good');
        if (isBroken) throw new Error('EIO');
      },
      4,
    );
    expect(windowed.text(0, 4)).toBe('good');
    isBroken = true;
    expect(() => windowed.at(8)).toThrow('EIO');
    isBroken = false;
    expect(windowed.text(0, 4)).toBe('good');
  });
});
