import { Writable } from 'node:stream';

/** Standard output of a script on another host, read as its lines (each begins with the nonce) and bytes. */
export class AnswerReader extends Writable {
  readonly #mark: Buffer;
  #unread: Buffer[] = [];
  #isOver = false;
  #wake: () => void = () => undefined;

  constructor(nonce: string) {
    super();
    this.#mark = Buffer.from(`${nonce} `);
  }

  /** The script's next line, without nonce; undefined if none comes any more. What others print is dropped. */
  async line(): Promise<string | undefined> {
    let read: Buffer = Buffer.alloc(0);
    do {
      const start = read.indexOf(this.#mark);
      read = start === -1 ? read.subarray(1 - this.#mark.length) : read.subarray(start);
      read = Buffer.concat([read, ...this.#unread.splice(0)]);
      const begin = read.indexOf(this.#mark);
      const end = begin === -1 ? -1 : read.indexOf('\n', begin);
      if (end !== -1) {
        this.#unread.unshift(read.subarray(end + 1));
        return read.toString('utf8', begin + this.#mark.length, end);
      }
    } while (await this.#more());
    return undefined;
  }

  /** The next so many bytes; undefined if fewer come. */
  async bytes(length: number): Promise<Buffer | undefined> {
    const taken: Buffer[] = [];
    let missing = length;
    for (;;) {
      for (const chunk of this.#unread.splice(0)) {
        taken.push(chunk.subarray(0, missing));
        if (chunk.length > missing) this.#unread.push(chunk.subarray(missing));
        missing -= Math.min(missing, chunk.length);
      }
      if (missing === 0) return Buffer.concat(taken);
      if (!(await this.#more())) return undefined;
    }
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#unread.push(chunk);
    this.#wake();
    done();
  }

  override _final(done: () => void): void {
    this.#end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#end();
    done(error);
  }

  #end(): void {
    this.#isOver = true;
    this.#wake();
  }

  /** Waits for more to read; false if there is none. */
  async #more(): Promise<boolean> {
    if (this.#unread.length === 0 && !this.#isOver) {
      await new Promise<void>((done) => {
        this.#wake = done;
      });
    }
    return this.#unread.length > 0;
  }
}
