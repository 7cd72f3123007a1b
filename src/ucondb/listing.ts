import { z } from 'zod';
import { UconDbError } from '../errors.ts';
import type { Logger } from '../log/logger.ts';
import { byRunNumber, parseRunNumber, type RunNumber } from '../runs/run-number.ts';

/** An entry of a listing, as far as we need it. */
const listedVersion = z.object({
  key: z.string().nullable(),
  object: z.string().optional(),
  tr: z.number().optional(),
});

/** What a listing is of, and how it is read. */
export interface ListingRequest {
  readonly object: string;
  /** The request, for messages. */
  readonly what: string;
  /** The most that the listing may hold. */
  readonly maxMb: number;
  /** Gets the version of each run, with its record time in seconds since 1970, if the server tells it. */
  readonly onVersion?: (run: RunNumber, recorded: number | undefined) => void;
}

/**
 * Reads the runs of a `/versions` answer without keeping all of it in memory. Versions without a key, or whose key is no
 * number, are no runs; a warning names keys that only look like run numbers (007).
 * @returns the runs, ascending
 * @throws UconDbError if the listing is incomplete (the server ends it early when its database fails), too large, or of another
 *   object
 */
export async function readListing(
  chunks: AsyncIterable<Buffer>,
  { object, what, maxMb, onVersion }: ListingRequest,
  logger: Logger,
): Promise<RunNumber[]> {
  const runs: RunNumber[] = [];
  const lookAlikes: string[] = [];
  const array = new JsonArrayReader((element) => {
    const version = listedVersion.safeParse(element).data;
    if (version === undefined) throw new JsonArrayError('an element is no version');
    if (version.object !== undefined && version.object !== object) {
      throw new UconDbError(
        `${what}: this is the listing of object ${JSON.stringify(version.object)}, not ${object}: find out what stands between us and the server`,
      );
    }
    const { key, tr } = version;
    const run = parseRunNumber(key ?? '');
    if (run !== undefined) {
      runs.push(run);
      onVersion?.(run, tr);
    } else if (key !== null && /^\s*[0-9]+\s*$/.test(key)) lookAlikes.push(key);
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
    logger
      .child({ repeats: true })
      .warning(`${what}: ${lookAlikes.length} keys look like run numbers but are none: ${some.join(', ')}`);
  }
  return eachOnce(runs.sort(byRunNumber));
}

function eachOnce(ascending: readonly RunNumber[]): RunNumber[] {
  return ascending.filter((run, place) => run !== ascending[place - 1]);
}

function tooLarge(what: string, maxMb: number): UconDbError {
  return new UconDbError(
    `${what}: the listing is larger than ${maxMb} MB; raise ucon_db.max_listing_mb if there are so many runs, ` +
      'else ask the administrators of the server what it sends',
    { fault: 'site' },
  );
}

/** A text that should be one JSON array is something else, or only a part of one. */
export class JsonArrayError extends Error {}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const isOpening = (code: number): boolean => code === 0x5b || code === 0x7b;
const isClosing = (code: number): boolean => code === 0x5d || code === 0x7d;
const COMMA = 0x2c;
/** A longer element is taken for one that never ends. */
const LONGEST_ELEMENT = 1e6;

/**
 * Reads one JSON array piece by piece, with at most one element in memory. Only an array that was closed, with nothing after it,
 * is complete: a cut one makes {@link end} throw.
 */
export class JsonArrayReader {
  readonly #onElement: (element: unknown) => void;
  #element = '';
  #depth = 0;
  #inString = false;
  #escaped = false;
  #count = 0;
  #closed = false;

  constructor(onElement: (element: unknown) => void) {
    this.#onElement = onElement;
  }

  /** @throws JsonArrayError if this can't be (part of) an array; whatever `onElement` throws */
  push(text: string): void {
    let start = 0;
    for (let position = 0; position < text.length; position++) {
      const code = text.charCodeAt(position);
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (code === BACKSLASH) this.#escaped = true;
        else if (code === QUOTE) this.#inString = false;
      } else if (this.#depth === 0) {
        start = this.#outside(text, position, start);
      } else if (code === QUOTE) {
        this.#inString = true;
      } else if (isOpening(code)) {
        this.#depth++;
      } else if (isClosing(code)) {
        this.#depth--;
        if (this.#depth === 0) this.#close(text.slice(start, position), code);
      } else if (code === COMMA && this.#depth === 1) {
        this.#emit(this.#element + text.slice(start, position));
        start = position + 1;
      }
    }
    if (this.#depth > 0) this.#element += text.slice(start);
    if (this.#element.length > LONGEST_ELEMENT) {
      throw new JsonArrayError(`element ${this.#count + 1} is longer than ${LONGEST_ELEMENT} characters`);
    }
  }

  /** @throws JsonArrayError if the array is not complete */
  end(): void {
    if (!this.#closed) throw new JsonArrayError(`the array is cut off after ${this.#count} elements`);
  }

  /** Before or after the array: only white space, and the bracket that opens it. Returns where the first element starts. */
  #outside(text: string, position: number, start: number): number {
    const character = text.charAt(position);
    if (/\s/.test(character)) return start;
    if (this.#closed || character !== '[') {
      throw new JsonArrayError(
        `unexpected ${JSON.stringify(character)} ${this.#closed ? 'after' : 'before'} the array`,
      );
    }
    this.#depth = 1;
    return position + 1;
  }

  #close(rest: string, code: number): void {
    if (code !== 0x5d) throw new JsonArrayError('the array ends with a brace');
    const last = this.#element + rest;
    if (this.#count > 0 || last.trim() !== '') this.#emit(last);
    this.#closed = true;
  }

  #emit(text: string): void {
    this.#element = '';
    this.#count++;
    let element: unknown;
    try {
      element = JSON.parse(text);
    } catch (error) {
      throw new JsonArrayError(`element ${this.#count} is no JSON`, { cause: error });
    }
    this.#onElement(element);
  }
}
