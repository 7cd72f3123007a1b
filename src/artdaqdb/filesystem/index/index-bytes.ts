/** Fills a buffer with the bytes from a place on; throws if there are too few. */
type ReadBytes = (into: Buffer, place: number) => void;

const WINDOW_BYTES = 1 << 19;

/**
 * The bytes of an index.json, which has hundreds of megabytes in a large database. Only a window of them is in memory: read
 * them mostly forwards; looking back a little costs nothing.
 */
export class IndexBytes {
  readonly length: number;
  /** What is in memory, for loops that run for every id of the database; see {@link hold}. */
  readonly window: Buffer;
  /** The same, to look at several bytes at a time. */
  readonly view: DataView;
  readonly #read: ReadBytes;
  #start = 0;
  #end = 0;

  /**
   * @param length of all, in bytes
   * @param read its errors pass through all methods
   */
  constructor(length: number, read: ReadBytes, windowBytes = WINDOW_BYTES) {
    this.length = length;
    this.#read = read;
    this.window = Buffer.allocUnsafeSlow(Math.min(length, windowBytes));
    this.view = new DataView(this.window.buffer);
  }

  /** Bytes that are in memory already. */
  static of(bytes: Buffer, windowBytes?: number): IndexBytes {
    return new IndexBytes(
      bytes.length,
      (into, place) => {
        bytes.copy(into, 0, place);
      },
      windowBytes,
    );
  }

  /** The place of the first byte of {@link window}. */
  get windowStart(): number {
    return this.#start;
  }

  /** How many bytes of {@link window} count. */
  get windowLength(): number {
    return this.#end - this.#start;
  }

  /**
   * Brings `[place, place + length)` into {@link window}.
   * @returns false if it has no room there, or reaches beyond the last byte
   */
  hold(place: number, length: number): boolean {
    if (place >= this.#start && place + length <= this.#end) return true;
    if (place + length > this.length) return false;
    this.#load(place);
    return place + length <= this.#end;
  }

  /** Reads what stands from a place on, past the window. */
  readInto(into: Buffer, place: number): void {
    this.#read(into, place);
  }

  /** The byte at a place; undefined behind the last. */
  at(place: number): number | undefined {
    if (place >= this.#start && place < this.#end) return this.window[place - this.#start];
    if (place >= this.length) return undefined;
    this.#load(place);
    return this.window[place - this.#start];
  }

  /** The place of the first of two bytes from a place on; the length if there is neither. */
  find(one: number, other: number, from: number): number {
    let place = from;
    while (place < this.length) {
      if (place < this.#start || place >= this.#end) this.#load(place);
      const window = this.window;
      const start = this.#start;
      const end = this.#end;
      for (; place < end; place++) {
        const byte = window[place - start];
        if (byte === one || byte === other) return place;
      }
    }
    return this.length;
  }

  /** A copy of `[start, end)`. */
  copy(start: number, end: number): Buffer {
    const copy = Buffer.allocUnsafe(end - start);
    let filled = 0;
    for (const chunk of this.chunks(start, end)) filled += chunk.copy(copy, filled);
    return copy;
  }

  /** `[start, end)`, decoded. */
  text(start: number, end: number): string {
    const isInWindow = start >= this.#start && end <= this.#end;
    if (!isInWindow) return this.copy(start, end).toString('utf8');
    return this.window.toString('utf8', start - this.#start, end - this.#start);
  }

  /** `[start, end)` piece by piece. A piece is valid until the next call of any method. */
  *chunks(start: number, end: number): Generator<Buffer> {
    for (let place = start; place < end; ) {
      const piece = this.#windowFrom(place, end);
      yield piece;
      place += piece.length;
    }
  }

  /** Do the same bytes as `[start, end)` stand in others from a place on? */
  equals(start: number, end: number, others: IndexBytes, othersStart: number): boolean {
    const offset = othersStart - start;
    if (end + offset > others.length) return false;
    for (let place = start; place < end; ) {
      const piece = this.#windowFrom(place, end);
      const other = others.#windowFrom(place + offset, end + offset);
      const length = Math.min(piece.length, other.length);
      if (piece.compare(other, 0, length, 0, length) !== 0) return false;
      place += length;
    }
    return true;
  }

  /** What is in memory of `[place, end)`, at least one byte. */
  #windowFrom(place: number, end: number): Buffer {
    if (place < this.#start || place >= this.#end) this.#load(place);
    return this.window.subarray(place - this.#start, Math.min(end, this.#end) - this.#start);
  }

  #load(place: number): void {
    // A text that reaches over the end of the window is read again from its beginning.
    const start = Math.max(0, place - (this.window.length >> 4));
    const end = Math.min(this.length, start + this.window.length);
    this.#end = 0;
    this.#start = 0;
    this.#read(this.window.subarray(0, end - start), start);
    this.#start = start;
    this.#end = end;
  }
}
