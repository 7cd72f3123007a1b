const MODULUS = 65_521;
/** So many bytes can be summed before the sums must be reduced to stay below 2^32. */
const BLOCK = 5552;

/**
 * The Adler-32 checksum as zlib computes it (RFC 1950), unsigned; it is how UconDB states the sum of a blob.
 * @param previous the sum of the bytes before these; 1 for none
 */
export function adler32(bytes: Uint8Array, previous = 1): number {
  let a = previous & 0xffff;
  let b = previous >>> 16;
  const length = bytes.length;
  let position = 0;
  while (position < length) {
    const end = Math.min(position + BLOCK, length);
    for (; position < end; position++) {
      // As 32-bit integers, which V8 adds faster.
      a = (a + (bytes[position] as number)) | 0;
      b = (b + a) | 0;
    }
    a %= MODULUS;
    b = (b >>> 0) % MODULUS;
  }
  return ((b << 16) | a) >>> 0;
}
