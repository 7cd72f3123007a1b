import { ID_BYTES } from '../../src/artdaqdb/filesystem/index/index-layout.ts';

/**
 * Numbers ids in the order in which they are added. A large collection has a million, so they are kept as bytes; a text that
 * can't be an id has a string of its own.
 */
export class IdTable {
  #count = 0;
  #bytes: Buffer;
  /** Open addressing; a slot holds a number counted from 1. */
  #slots: Uint32Array;
  readonly #others = new Map<string, number>();
  readonly #otherTexts = new Map<number, string>();
  readonly #text = Buffer.alloc(ID_BYTES);
  /** The number behind the one that was found last: several maps list ids in the same order. */
  #expected = 0;

  /** @param room for so many ids; more find room too */
  constructor(room: number) {
    this.#bytes = Buffer.alloc(ID_BYTES * (room + 1));
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(2 * room + 3)));
  }

  get size(): number {
    return this.#count;
  }

  /** The number of a text, which is added if need be. */
  add(text: string): number {
    if (this.#take(text)) return this.addBytes(this.#text, 0);
    const known = this.#others.get(text);
    if (known !== undefined) return known;
    this.#others.set(text, this.#count);
    this.#otherTexts.set(this.#count, text);
    return this.#next();
  }

  /** The same for the ASCII text of {@link ID_BYTES} at a place. */
  addBytes(bytes: Buffer, start: number): number {
    const expected = this.#expected;
    if (expected < this.#count && this.#isAt(expected * ID_BYTES, bytes, start)) {
      this.#expected = expected + 1;
      return expected;
    }
    const number = this.#addElsewhere(bytes, start);
    this.#expected = number + 1;
    return number;
  }

  #addElsewhere(bytes: Buffer, start: number): number {
    const slot = this.#slotOf(bytes, start);
    const known = this.#slots[slot] ?? 0;
    if (known > 0) return known - 1;
    this.#slots[slot] = this.#count + 1;
    bytes.copy(this.#bytes, this.#count * ID_BYTES, start, start + ID_BYTES);
    return this.#next();
  }

  /** The number of a text; undefined if it was not added. */
  find(text: string): number | undefined {
    if (!this.#take(text)) return this.#others.get(text);
    const known = this.#slots[this.#slotOf(this.#text, 0)] ?? 0;
    return known > 0 ? known - 1 : undefined;
  }

  text(number: number): string {
    const start = number * ID_BYTES;
    return this.#otherTexts.get(number) ?? this.#bytes.toString('latin1', start, start + ID_BYTES);
  }

  /** @returns whether the text can be an id; then its bytes are at hand */
  #take(text: string): boolean {
    if (text.length !== ID_BYTES) return false;
    for (let place = 0; place < ID_BYTES; place++) {
      const code = text.charCodeAt(place);
      if (code >= 0x80) return false;
      this.#text[place] = code;
    }
    return true;
  }

  #next(): number {
    const number = this.#count++;
    if (this.#count * ID_BYTES === this.#bytes.length) {
      this.#bytes = Buffer.concat([this.#bytes], 2 * this.#bytes.length);
    }
    if (2 * this.#count >= this.#slots.length) {
      this.#slots = new Uint32Array(2 * this.#slots.length);
      for (let each = 0; each < this.#count; each++) {
        if (this.#otherTexts.has(each)) continue;
        this.#slots[this.#slotOf(this.#bytes, each * ID_BYTES)] = each + 1;
      }
    }
    return number;
  }

  /** The slot of an id, or the empty one where it would be. */
  #slotOf(bytes: Buffer, start: number): number {
    const mask = this.#slots.length - 1;
    let hash = 0;
    for (let place = start; place < start + ID_BYTES; place += 4) {
      hash = Math.imul(hash ^ bytes.readInt32LE(place), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const known = this.#slots[slot] ?? 0;
      if (known === 0 || this.#isAt((known - 1) * ID_BYTES, bytes, start)) return slot;
    }
  }

  #isAt(place: number, bytes: Buffer, start: number): boolean {
    for (let offset = 0; offset < ID_BYTES; offset++) {
      if (this.#bytes[place + offset] !== bytes[start + offset]) return false;
    }
    return true;
  }
}
