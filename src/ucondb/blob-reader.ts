import { UconDbError } from '../errors.ts';
import { adler32 } from './adler32.ts';
import type { TransportAnswer } from './transport.ts';

/** What {@link readBlob} expects. */
interface ExpectedBlob {
  readonly key: string;
  readonly what: string;
  readonly maxMb: number;
  readonly likely?: Buffer | undefined;
}

/**
 * Reads the blob of a GET by key. The answer has no Content-Length: only the length and the sum in its headers tell whether
 * all of it arrived, and only the version key there tells whose blob it is.
 * @param expected the key, the request for messages, the largest size, and maybe the bytes that are probably stored: if they
 *   are, they are the result, and memory holds them only once
 * @throws UconDbError if it is another version's blob, incomplete or too large
 */
export async function readBlob(
  answer: TransportAnswer,
  { key, what, maxMb, likely }: ExpectedBlob,
): Promise<Buffer> {
  const statedKey = answer.header('x-ucondb-version-key');
  if (statedKey === undefined) {
    throw new UconDbError(
      `${what}: the answer is no blob, as it names no key: is this UconDB, or a page of something in between?`,
    );
  }
  if (statedKey !== key) {
    throw new UconDbError(`${what}: the answer is the version with key ${statedKey}, not ${key}`);
  }
  const size = numberHeader(answer, 'x-ucondb-data-size', what, 0);
  if (size > maxMb * 1e6) throw tooLarge(what, size, maxMb);
  // Old releases of the server stored it signed.
  const sum = numberHeader(answer, 'x-ucondb-adler32', what, -Infinity) >>> 0;
  let blob = likely?.length === size ? likely : Buffer.allocUnsafeSlow(size);
  let bytes = 0;
  for await (const chunk of answer.chunks) {
    const end = bytes + chunk.length;
    if (end <= size) {
      if (blob === likely && chunk.compare(likely, bytes, end) !== 0) {
        blob = Buffer.allocUnsafeSlow(size);
        likely.copy(blob, 0, 0, bytes);
      }
      if (blob !== likely) chunk.copy(blob, bytes);
    }
    bytes = end;
    if (bytes > size) break;
  }
  if (bytes !== size) {
    throw notWhole(
      what,
      bytes > size ? `more than the stated ${size} bytes came` : `${bytes} of ${size} bytes came`,
    );
  }
  const found = adler32(blob);
  if (found !== sum) throw notWhole(what, `its checksum (adler32) is ${found}, stated is ${sum}`);
  return blob;
}

function numberHeader(answer: TransportAnswer, name: string, what: string, least: number): number {
  const text = answer.header(name) ?? '';
  if (!/^-?[0-9]{1,15}$/.test(text) || Number(text) < least) {
    throw new UconDbError(
      `${what}: the answer has no usable header ${name}: is this UconDB, or a proxy's page?`,
    );
  }
  return Number(text);
}

/** The error for a blob that is too large to be sent or read. */
export function tooLarge(what: string, bytes: number, maxMb: number): UconDbError {
  return new UconDbError(
    `${what}: the blob has ${bytes} bytes, which is more than ucon_db.max_blob_mb allows (${maxMb} MB); if that is right for this ` +
      'run, raise the parameter',
    { fault: 'run' },
  );
}

function notWhole(what: string, why: string): UconDbError {
  return new UconDbError(`${what}: the blob did not arrive whole: ${why}`, { retryable: true });
}
