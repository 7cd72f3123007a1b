import { UconDbError } from '../errors.ts';
import type { Logger } from '../log/logger.ts';
import { byRunNumber, parseRunNumber, type RunNumber } from '../runs/run-number.ts';
import { listedVersion } from './answers.ts';
import { JsonArrayError, JsonArrayReader } from './json-array.ts';

/**
 * Reads the runs out of a `/versions` answer, without holding it whole. Versions without a key, or with one that is no
 * number, are no runs; keys that only look like run numbers (007) are warned about.
 * @param asked the object, the request for messages, and how much the listing may hold
 * @returns the runs, ascending
 * @throws UconDbError if the listing is not whole (the server ends it early when its database fails), too large, or that of another
 *   object
 */
export async function readListing(
  chunks: AsyncIterable<Buffer>,
  { object, what, maxMb }: { readonly object: string; readonly what: string; readonly maxMb: number },
  logger: Logger,
): Promise<RunNumber[]> {
  const runs = new Set<RunNumber>();
  const lookAlikes: string[] = [];
  const array = new JsonArrayReader((element) => {
    const version = listedVersion.safeParse(element).data;
    if (version === undefined) throw new JsonArrayError('an element is no version');
    if (version.object !== undefined && version.object !== object) {
      throw new UconDbError(
        `${what}: this is the listing of object ${JSON.stringify(version.object)}, not ${object}: find out what stands between us and the server`,
      );
    }
    const { key } = version;
    const run = parseRunNumber(key ?? '');
    if (run !== undefined) runs.add(run);
    else if (key !== null && /^\s*[0-9]+\s*$/.test(key)) lookAlikes.push(key);
  });
  const decoder = new TextDecoder('utf-8');
  let bytes = 0;
  try {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      if (bytes > maxMb * 1e6) throw tooLarge(what, maxMb);
      array.push(decoder.decode(chunk, { stream: true }));
    }
    array.push(decoder.decode());
    array.end();
  } catch (error) {
    if (!(error instanceof JsonArrayError)) throw error;
    throw new UconDbError(`${what}: the listing is not whole (${error.message}): try again later`, {
      cause: error,
      retryable: true,
    });
  }
  if (lookAlikes.length > 0) {
    const some = lookAlikes.slice(0, 5).map((key) => `'${key}'`);
    logger.warning(
      `${what}: ${lookAlikes.length} keys look like run numbers but are none: ${some.join(', ')}`,
    );
  }
  return [...runs].sort(byRunNumber);
}

function tooLarge(what: string, maxMb: number): UconDbError {
  return new UconDbError(
    `${what}: the listing is larger than ${maxMb} MB; raise ucon_db.max_listing_mb if there are so many runs, ` +
      'else ask the administrators of the server what it sends',
    { fault: 'site' },
  );
}
