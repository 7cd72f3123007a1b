import { isUtf8 } from 'node:buffer';
import type { z } from 'zod';
import { messageOf, PersistenceError } from '../errors.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { GuardedFile } from '../lock/guarded-file.ts';

/** What a {@link JsonFile} holds, and what messages say of it. */
export interface JsonFileOptions<Content> {
  /** How messages begin: `The record of seen runs`. */
  readonly title: string;
  /** What to do about a file that can't be understood, in whole sentences. */
  readonly advice?: string;
  readonly schema: z.ZodType<Content>;
  /** The content as the text of the file; see {@link jsonText}. */
  readonly format: (content: Content) => string;
}

/** A JSON document on disk: read strictly, changed under its lock, and written atomically. */
export class JsonFile<Content> {
  readonly path: string;
  readonly #file: GuardedFile;
  readonly #options: JsonFileOptions<Content>;

  constructor(path: string, options: JsonFileOptions<Content>) {
    this.#file = new GuardedFile(path);
    this.path = this.#file.path;
    this.#options = options;
  }

  /**
   * Writes nothing, unless a copy of a file that can't be understood is to be kept.
   * @returns undefined if there is no file
   * @throws PersistenceError if the file can't be read or understood; it is left as it is
   */
  async read({ keepUnreadable = false } = {}): Promise<Content | undefined> {
    const bytes = await this.#file.read();
    if (bytes === undefined) return undefined;
    const parsed = parse(bytes, this.#options.schema);
    if ('content' in parsed) return parsed.content;
    const copy = keepUnreadable ? ` It is kept as ${await this.#file.keepAside(bytes, 'unreadable')}.` : '';
    const { title, advice } = this.#options;
    throw new PersistenceError(
      `${title} ${this.path} can't be understood: ${parsed.reason}.${copy}${advice === undefined ? '' : ` ${advice}`}`,
    );
  }

  /**
   * What the file holds, as far as it can be understood; undefined if that is nothing.
   * @throws PersistenceError if the file can't be read
   */
  async readable(): Promise<Content | undefined> {
    const bytes = await this.#file.read();
    const parsed = bytes && parse(bytes, this.#options.schema);
    return parsed !== undefined && 'content' in parsed ? parsed.content : undefined;
  }

  /**
   * Runs a read-modify-write while nobody else can change the file.
   * @throws PersistenceError if the file can't be locked, and what `work` throws
   */
  exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#file.exclusively(work);
  }

  /**
   * Writes the file; only within {@link exclusively}.
   * @throws PersistenceError if it can't be written
   */
  async write(content: Content): Promise<void> {
    await writeFileAtomic(this.path, this.#options.format(content));
  }

  /**
   * Sets the content whatever the file holds.
   * @returns where a different old file was kept
   * @throws PersistenceError if the file can't be read, kept aside, locked or written
   */
  replace(content: Content): Promise<string | undefined> {
    return this.#file.replace(this.#options.format(content));
  }

  /**
   * Removes the file, if it exists.
   * @throws PersistenceError if it can't be removed or locked
   */
  remove(): Promise<void> {
    return this.#file.remove();
  }
}

/** A value in the form that the archiver's files have. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function parse<Content>(
  bytes: Buffer,
  schema: z.ZodType<Content>,
): { readonly content: Content } | { readonly reason: string } {
  if (!isUtf8(bytes)) return { reason: 'it is not UTF-8 text' };
  const text = bytes.toString('utf8');
  if (text.trim() === '') return { reason: 'it is empty' };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { reason: `it is not JSON: ${messageOf(error)}` };
  }
  const result = schema.safeParse(value);
  if (result.success) return { content: result.data };
  const [issue] = result.error.issues;
  const place = issue?.path.join('.');
  return { reason: `${place ? `${place}: ` : ''}${issue?.message}` };
}
