import { eachText, type Span } from './index-scan.ts';

const QUOTE = 0x22;

/** Tells whether a text stands in a list of an index, without a string for each: a large index lists a quarter of a million. */
export class TextTable {
  readonly #bytes: Buffer;
  /** Open addressing; a slot holds the place of a text in the bytes, 0 for none. */
  readonly #slots: Uint32Array;

  /** @param bytes of the index, which must not change while the table is in use */
  constructor(bytes: Buffer, list: Pick<Span, 'start'>) {
    this.#bytes = bytes;
    let count = 0;
    eachText(bytes, list.start, () => {
      count++;
    });
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(2 * count + 2)));
    eachText(bytes, list.start, (start, end) => {
      this.#slots[this.#find(bytes, start, end)] = start;
    });
  }

  /** Is the text at `[start, end)` in the list? */
  has(text: Buffer, start: number, end: number): boolean {
    return this.#slots[this.#find(text, start, end)] !== 0;
  }

  /** The slot of a text, or the empty one where it would be. */
  #find(text: Buffer, start: number, end: number): number {
    const mask = this.#slots.length - 1;
    let slot = hashOf(text, start, end) & mask;
    for (;;) {
      const place = this.#slots[slot] ?? 0;
      if (place === 0 || this.#isAt(place, text, start, end)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #isAt(place: number, text: Buffer, start: number, end: number): boolean {
    const length = end - start;
    for (let offset = 0; offset < length; offset++) {
      if (this.#bytes[place + offset] !== text[start + offset]) return false;
    }
    return this.#bytes[place + length] === QUOTE;
  }
}

/** FNV-1a. */
function hashOf(text: Buffer, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let place = start; place < end; place++) hash = Math.imul(hash ^ (text[place] ?? 0), 0x01000193);
  return hash >>> 0;
}
