import { createHash } from 'node:crypto';
import { z } from 'zod';
import { PersistenceError } from '../errors.ts';
import type { Logger } from '../log/logger.ts';
import { JsonFile, jsonText } from './json-file.ts';

/** The world around a {@link CacheFile}. */
export interface CacheFileOptions {
  readonly now: () => Date;
  readonly logger: Pick<Logger, 'debug'>;
}

interface Cached {
  /** What it is of. */
  readonly of: string;
  readonly written: string;
  readonly content: unknown;
}

/**
 * Something that was found out and can be found out again, kept from one execution to the next. It may be lost, damaged or
 * changed at any time: then it counts as missing, with one DEBUG line.
 */
export class CacheFile<Content> {
  readonly #file: JsonFile<Cached>;
  readonly #schema: z.ZodType<Content>;
  readonly #options: CacheFileOptions;

  constructor(path: string, schema: z.ZodType<Content>, options: CacheFileOptions) {
    this.#file = new JsonFile(path, { title: 'The cache', schema: cached, format: cacheText });
    this.#schema = schema;
    this.#options = options;
  }

  /**
   * What was remembered; undefined if that is nothing of use.
   * @param of what it must be of, such as a database or a folder of a server
   */
  async read(of: string): Promise<Content | undefined> {
    try {
      const found = await this.#file.read();
      return found && this.#usable(found, of);
    } catch (error) {
      if (!(error instanceof PersistenceError)) throw error;
      return this.#ignored(error.message);
    }
  }

  /** Remembers something. A disk that takes nothing costs time later, and nothing else. */
  async write(of: string, content: Content): Promise<void> {
    const written = this.#options.now().toISOString();
    try {
      await this.#file.exclusively(() => this.#file.write({ of, written, content }));
    } catch (error) {
      if (!(error instanceof PersistenceError)) throw error;
      this.#options.logger.debug(`The cache ${this.#file.path} is left as it is: ${error.message}`);
    }
  }

  #usable({ of, written, content }: Cached, wanted: string): Content | undefined {
    if (of !== wanted) return this.#ignored(`it is of ${of}`);
    const isPast = Date.parse(written) <= this.#options.now().getTime();
    if (!isPast) return this.#ignored(`it is of the future (${written})`);
    const parsed = this.#schema.safeParse(content);
    return parsed.success ? parsed.data : this.#ignored('it has another form');
  }

  #ignored(reason: string): undefined {
    this.#options.logger.debug(`The cache ${this.#file.path} is ignored: ${reason}`);
  }
}

/** The checksum tells a file that was damaged but can still be read. */
const cached = z
  .object({ of: z.string(), written: z.string(), content: z.unknown(), sha256: z.string() })
  .refine((file) => file.sha256 === checksum(file), 'its checksum is not that of its content')
  .transform(({ of, written, content }): Cached => ({ of, written, content }));

function cacheText(file: Cached): string {
  return jsonText({ ...file, sha256: checksum(file) });
}

function checksum({ of, written, content }: Cached): string {
  return createHash('sha256')
    .update(JSON.stringify([of, written, content]))
    .digest('hex');
}
