import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UconDbError } from '../../../src/errors.ts';
import { adler32 } from '../../../src/ucondb/adler32.ts';
import { readBlob } from '../../../src/ucondb/blob-reader.ts';
import type { TransportAnswer } from '../../../src/ucondb/transport.ts';

const expected = { key: '7', what: 'the request', maxMb: 1 };

/** The answer that brings a blob in pieces. */
function answerOf(blob: Buffer, pieces: readonly number[]): TransportAnswer {
  const headers: Record<string, string> = {
    'x-ucondb-version-key': '7',
    'x-ucondb-data-size': String(blob.length),
    'x-ucondb-adler32': String(adler32(blob)),
  };
  async function* chunks(): AsyncGenerator<Buffer> {
    let at = 0;
    for (const length of [...pieces, blob.length]) {
      yield Buffer.from(blob.subarray(at, at + length));
      at += length;
    }
  }
  return { status: 200, header: (name) => headers[name], headers: () => [], chunks: chunks() };
}

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
const pieces = fc.array(fc.nat(12), { maxLength: 6 });

describe('readBlob, given what is probably stored,', () => {
  it('returns that very buffer if it is', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, pieces, async (blob, lengths) => {
        const likely = Buffer.from(blob);
        expect(await readBlob(answerOf(blob, lengths), { ...expected, likely })).toBe(likely);
        expect(likely).toEqual(blob);
      }),
    );
  });

  it('returns what is stored if it is something else, and leaves the other as it was', async () => {
    const change = fc.record({ at: fc.nat(), byte: fc.integer({ min: 1, max: 255 }), longer: fc.nat(1) });
    await fc.assert(
      fc.asyncProperty(bytes, pieces, change, async (blob, lengths, { at, byte, longer }) => {
        const likely = Buffer.concat([blob, Buffer.alloc(longer)]);
        const before = Buffer.from(likely);
        if (blob.length > 0) blob[at % blob.length] = (blob[at % blob.length] ?? 0) ^ byte;
        const found = await readBlob(answerOf(blob, lengths), { ...expected, likely });
        expect(found).toEqual(blob);
        expect(likely).toEqual(before);
      }),
    );
  });
});

it('a stated size that is none is an error of the answer, not of the program', async () => {
  const answer = answerOf(Buffer.from('blob'), []);
  const header = (name: string) => (name === 'x-ucondb-data-size' ? '-1' : answer.header(name));
  await expect(readBlob({ ...answer, header }, expected)).rejects.toThrow(
    new UconDbError(
      "the request: the answer has no usable header x-ucondb-data-size: is this UconDB, or a proxy's page?",
    ),
  );
});
