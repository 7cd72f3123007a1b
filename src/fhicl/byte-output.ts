/** More than any constant text holds, and than what is written beyond the end of one. */
const MARGIN = 256;
/** Larger buffers are not kept from one text to the next, in bytes. */
export const LARGEST_KEPT = 8 * 2 ** 20;

/** A constant ASCII text of less than {@link MARGIN} bytes, as the numbers that eight bytes at a time make. */
export interface ConstantText {
  readonly words: Float64Array;
  readonly length: number;
}

/** Makes a constant text. */
export function constantText(ascii: string): ConstantText {
  const bytes = new Uint8Array(Math.ceil(ascii.length / 8) * 8);
  new TextEncoder().encodeInto(ascii, bytes);
  return { words: new Float64Array(bytes.buffer), length: ascii.length };
}

/**
 * ASCII text that grows at its end, as bytes. It is written eight bytes at a time, which as a number are never NaN, so
 * that no bit is lost: all bits of the exponent would need a byte of 0xf0 at least.
 */
export class ByteOutput {
  readonly #size: number;
  #bytes: Buffer;
  #view: DataView;
  #length = 0;

  /** @param size of the buffer that is kept, in bytes */
  constructor(size: number) {
    this.#size = size;
    this.#bytes = Buffer.allocUnsafeSlow(size);
    this.#view = viewOf(this.#bytes);
  }

  /** What was written; valid until more is. */
  get content(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Forgets the content. */
  clear(): void {
    this.#length = 0;
    if (this.#bytes.length > LARGEST_KEPT) this.#use(Buffer.allocUnsafeSlow(this.#size));
  }

  /** Adds a constant text. */
  put({ words, length }: ConstantText): void {
    this.#makeRoom(length);
    const view = this.#view;
    let to = this.#length;
    for (let index = 0; index < words.length; index++, to += 8) view.setFloat64(to, words[index] ?? 0, true);
    this.#length += length;
  }

  /** Adds a character. */
  byte(code: number): void {
    this.#makeRoom(1);
    this.#bytes[this.#length++] = code;
  }

  /**
   * Adds a part of another text.
   * @param ascii with seven bytes or more behind the part
   */
  copy(ascii: DataView, start: number, end: number): void {
    this.#makeRoom(end - start);
    const view = this.#view;
    let to = this.#length;
    for (let from = start; from < end; from += 8, to += 8)
      view.setFloat64(to, ascii.getFloat64(from, true), true);
    this.#length += end - start;
  }

  /** Adds any other text. */
  text(ascii: string): void {
    this.#makeRoom(ascii.length);
    this.#length += this.#bytes.write(ascii, this.#length, 'latin1');
  }

  /** Adds a whole number, not negative, in decimal. */
  decimal(value: number): void {
    if (value > 9) this.decimal(Math.floor(value / 10));
    this.byte(0x30 + (value % 10));
  }

  #makeRoom(length: number): void {
    const needed = this.#length + length + MARGIN;
    if (needed > this.#bytes.length) this.#grow(2 * needed);
  }

  #grow(size: number): void {
    const larger = Buffer.allocUnsafeSlow(size);
    larger.set(this.content);
    this.#use(larger);
  }

  #use(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
  }
}

/** A view of all bytes of a buffer. */
export function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length);
}
