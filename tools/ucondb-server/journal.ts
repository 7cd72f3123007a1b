import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import pLimit from 'p-limit';
import { z } from 'zod';
import { ArchiverError } from '../../src/errors.ts';

/** One line of the journal; a `blob` line is followed by `size` bytes and a line end. */
const journalEntry = z.discriminatedUnion('is', [
  z.object({ is: z.literal('folder'), folder: z.string(), drop: z.boolean() }),
  z.object({
    is: z.literal('blob'),
    folder: z.string(),
    dataKey: z.number(),
    size: z.number(),
    adler32: z.number(),
    sha256: z.string(),
  }),
  z.object({
    is: z.literal('version'),
    folder: z.string(),
    id: z.number(),
    object: z.string(),
    key: z.string().nullable(),
    tv: z.number(),
    tr: z.number(),
    tags: z.array(z.string()),
    dataKey: z.number(),
  }),
  z.object({ is: z.literal('tag'), folder: z.string(), id: z.number(), tag: z.string() }),
  /** Never written by the server: the flag that an administrator sets in the database. */
  z.object({ is: z.literal('deleted'), folder: z.string(), id: z.number() }),
]);
/** What one line of the journal says. */
export type JournalEntry = z.infer<typeof journalEntry>;

const READ_BYTES = 1024 * 1024;
const LINE_END = 0x0a;
const ENTRY_START = Buffer.from('\n{"is":"');

/**
 * An append-only file of entries and blobs. An entry is on disk when its append is fulfilled, and only then the next one is
 * written; so every entry except the last is complete. The next start cuts off a tail that a crash tore, and refuses a file that
 * is damaged before its tail.
 */
export class Journal {
  readonly #file: FileHandle;
  #end = 0;
  readonly #oneByOne = pLimit(1);

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /**
   * Opens or makes a journal and passes its entries to `take`, in order.
   * @param take `position` is where the bytes of a `blob` entry begin
   * @throws ArchiverError if it is damaged before its tail
   */
  static async open(path: string, take: (entry: JournalEntry, position: number) => void): Promise<Journal> {
    const journal = new Journal(await open(path, constants.O_RDWR | constants.O_CREAT, 0o600));
    const damage = await journal.#replay(take);
    if (damage === undefined) return journal;
    await journal.close();
    throw new ArchiverError(`${path} is damaged at byte ${damage}, before its end: restore it from a copy`);
  }

  /**
   * Appends an entry, and a blob's bytes behind it.
   * @returns where the bytes begin
   */
  append(entry: JournalEntry, bytes?: Buffer): Promise<number> {
    return this.#oneByOne(() => this.#append(entry, bytes));
  }

  async read(position: number, size: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(size);
    let filled = 0;
    while (filled < size) {
      const { bytesRead } = await this.#file.read(bytes, filled, size - filled, position + filled);
      if (bytesRead === 0) throw new Error(`the journal ends at ${position + filled}, inside a blob`);
      filled += bytesRead;
    }
    return bytes;
  }

  /** @throws if the file can't be reached */
  async check(): Promise<void> {
    await this.#file.stat();
  }

  async close(): Promise<void> {
    await this.#oneByOne(() => this.#file.close());
  }

  async #append(entry: JournalEntry, bytes: Buffer | undefined): Promise<number> {
    const line = Buffer.from(`${JSON.stringify(entry)}\n`);
    const all = bytes === undefined ? line : Buffer.concat([line, bytes, Buffer.from('\n')]);
    try {
      await this.#write(all);
      await this.#file.datasync();
    } catch (error) {
      await this.#file.truncate(this.#end);
      throw error;
    }
    const position = this.#end + line.length;
    this.#end += all.length;
    return position;
  }

  async #write(all: Buffer): Promise<void> {
    for (let written = 0; written < all.length; ) {
      const { bytesWritten } = await this.#file.write(
        all,
        written,
        all.length - written,
        this.#end + written,
      );
      written += bytesWritten;
    }
  }

  /** @returns where the journal is damaged, if that is more than a torn tail */
  async #replay(take: (entry: JournalEntry, position: number) => void): Promise<number | undefined> {
    const { size } = await this.#file.stat();
    let start = 0;
    /** A blob is taken only when an entry follows it: its bytes may be torn. */
    let held: (() => void) | undefined;
    for (;;) {
      const line = await this.#line(start, size);
      const entry = line === undefined ? undefined : parseEntry(line);
      if (line === undefined || entry === undefined) {
        if (await this.#holdsEntry(start, size)) return start;
        break;
      }
      const position = start + Buffer.byteLength(line) + 1;
      held?.();
      this.#end = start;
      held = entry.is === 'blob' ? () => take(entry, position) : undefined;
      start = entry.is === 'blob' ? position + entry.size + 1 : position;
      if (start > size) break;
      if (entry.is !== 'blob') {
        take(entry, position);
        this.#end = start;
      }
    }
    if (this.#end < size) {
      await this.#file.truncate(this.#end);
      await this.#file.sync();
    }
    return undefined;
  }

  /** Does an entry follow behind `start`, where none begins? A crash tears only the last one. */
  async #holdsEntry(start: number, size: number): Promise<boolean> {
    for (let at = start; at < size; ) {
      const piece = await this.read(at, Math.min(READ_BYTES, size - at));
      const found = piece.indexOf(ENTRY_START);
      if (found < 0) {
        at += Math.max(1, piece.length - ENTRY_START.length + 1);
        continue;
      }
      at += found + 1;
      const line = await this.#line(at, size);
      if (line !== undefined && parseEntry(line) !== undefined) return true;
    }
    return false;
  }

  async #line(start: number, size: number): Promise<string | undefined> {
    let length = 4096;
    while (start < size) {
      const piece = await this.read(start, Math.min(length, size - start));
      const end = piece.indexOf(LINE_END);
      if (end >= 0) return piece.toString('utf8', 0, end);
      if (start + length >= size || length > READ_BYTES) return undefined;
      length *= 4;
    }
    return undefined;
  }
}

function parseEntry(line: string): JournalEntry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  return journalEntry.safeParse(value).data;
}
