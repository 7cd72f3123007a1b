import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { adler32 } from '../../../src/ucondb/adler32.ts';

/** A zlib stream ends with the sum of what it holds. */
const fromZlib = (bytes: Uint8Array): number => deflateSync(bytes).subarray(-4).readUInt32BE();

it.each([0, 1, 46, 5551, 5552, 5553, 1_000_000])(
  'the checksum is what zlib computes: %d bytes of 255',
  (length) => {
    const bytes = Buffer.alloc(length, 255);
    expect(adler32(bytes)).toBe(fromZlib(bytes));
  },
);

it('the checksum is what zlib computes for any bytes, also in parts', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20_000 }), fc.nat(20_000), (bytes, cut) => {
      expect(adler32(bytes)).toBe(fromZlib(bytes));
      expect(adler32(bytes.subarray(cut), adler32(bytes.subarray(0, cut)))).toBe(fromZlib(bytes));
    }),
  );
});
