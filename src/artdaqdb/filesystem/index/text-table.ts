import type { IndexBytes } from './index-bytes.ts';
import type { ListSpan } from './index-layout.ts';
import { eachText, UnreadableIndexError } from './index-scan.ts';

const QUOTE = 0x22;

/**
 * Tells whether a text stands in a list of an index, without a string for each: a large index lists a quarter of a million.
 * Texts are compared as they stand in the file, escapes included.
 */
export class TextTable {
  /** The list as it stands in the file. */
  readonly #list: Buffer;
  /** Open addressing; a slot holds the place of a text in the list, 0 for none. */
  readonly #slots: Uint32Array;

  /**
   * @param list undefined: no texts
   * @throws UnreadableIndexError if the list has changed since its place was found
   */
  constructor(bytes: IndexBytes, list: ListSpan | undefined) {
    this.#list = list === undefined ? Buffer.alloc(0) : bytes.copy(list.start, list.end);
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(2 * (list?.count ?? 0) + 2)));
    if (list === undefined) return;
    let count = 0;
    eachText(bytes, list.start, (from, to) => {
      // A search in a table without an empty slot would never end.
      if (++count > list.count) throw new UnreadableIndexError('it is being written');
      const start = from - list.start;
      this.#slots[this.#find(this.#list, start, to - list.start)] = start;
    });
  }

  has(text: Buffer): boolean {
    return this.#slots[this.#find(text, 0, text.length)] !== 0;
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
      if (this.#list[place + offset] !== text[start + offset]) return false;
    }
    return this.#list[place + length] === QUOTE;
  }
}

/** FNV-1a. */
function hashOf(text: Buffer, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let place = start; place < end; place++) hash = Math.imul(hash ^ (text[place] ?? 0), 0x01000193);
  return hash >>> 0;
}
