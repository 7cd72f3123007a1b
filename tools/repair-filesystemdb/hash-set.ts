/** A hash of some texts, which is never 0 (FNV-1a). */
export function hashOf(texts: readonly string[]): number {
  let hash = 0x811c9dc5;
  for (const text of texts) {
    for (let place = 0; place < text.length; place++) {
      hash = Math.imul(hash ^ text.charCodeAt(place), 0x01000193);
    }
    hash = Math.imul(hash, 0x01000193);
  }
  return (hash ^ (hash >>> 15)) >>> 0 || 1;
}

/** Numbers of 32 bits other than 0. */
export class HashSet {
  #slots: Uint32Array;
  #size = 0;

  /** @param room for so many numbers; more find room too */
  constructor(room: number) {
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(2 * room + 3)));
  }

  /** @returns false if it was there already */
  add(hash: number): boolean {
    const slot = this.#slotOf(hash);
    if (this.#slots[slot] === hash) return false;
    this.#slots[slot] = hash;
    if (2 * ++this.#size < this.#slots.length) return true;
    const before = this.#slots;
    this.#slots = new Uint32Array(2 * before.length);
    for (const each of before) if (each !== 0) this.#slots[this.#slotOf(each)] = each;
    return true;
  }

  /** The slot of a number, or the empty one where it would be. */
  #slotOf(hash: number): number {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    while (this.#slots[slot] !== 0 && this.#slots[slot] !== hash) slot = (slot + 1) & mask;
    return slot;
  }
}
