import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonArrayError, JsonArrayReader } from '../../../src/ucondb/listing.ts';

function read(parts: readonly string[]): unknown[] {
  const elements: unknown[] = [];
  const reader = new JsonArrayReader((element) => elements.push(element));
  for (const part of parts) reader.push(part);
  reader.end();
  return elements;
}

/** Cuts a text at pseudo-random places. */
function cut(text: string, sizes: readonly number[]): string[] {
  const parts: string[] = [];
  for (let start = 0, index = 0; start < text.length; index++) {
    const size = sizes[index % sizes.length] ?? 1;
    parts.push(text.slice(start, start + size));
    start += size;
  }
  return parts;
}

const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 });

describe('a JSON array in pieces', () => {
  it('is read as JSON.parse reads the whole', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), sizes, fc.constantFrom(0, 1), (array, pieces, indent) => {
        const text = ` ${JSON.stringify(array, null, indent)}\n`;
        expect(read(cut(text, pieces))).toEqual(JSON.parse(text));
      }),
    );
  });

  it('is never complete if it was cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue(), { minLength: 1 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (array, share) => {
          const text = JSON.stringify(array);
          expect(() => read([text.slice(0, Math.floor(text.length * share))])).toThrow(JsonArrayError);
        },
      ),
    );
  });

  it.each([
    '',
    ' ',
    '{}',
    '1',
    '[1]]',
    '[1] 2',
    '[1,]',
    '[,1]',
    '[1 2]',
    '[}',
    '[{"a":1]',
    '["a]',
    '[1}',
    '[[1}]',
  ])('is refused if it is something else: %j', (text) => {
    expect(() => read([text])).toThrow(JsonArrayError);
  });
});
