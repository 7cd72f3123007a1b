import type { RunNumber } from '../../../runs/run-number.ts';

/**
 * Where the configurations of each run stand in a map of an index. A large index has a hundred thousand of them and more, so
 * there is no object for each.
 */
export class RunTable {
  /** Run and place of the key, in the order of the file. */
  #runs = new Float64Array(16);
  #places = new Float64Array(16);
  #count = 0;
  /** Open addressing by run; a slot holds a position in the lists, counted from 1. Made when it is first needed. */
  #slots: Uint32Array | undefined;

  /**
   * Adds a configuration, behind those that were added before.
   * @param place where its name begins
   */
  add(run: RunNumber, place: number): void {
    if (this.#count === this.#runs.length) {
      this.#runs = grown(this.#runs);
      this.#places = grown(this.#places);
    }
    this.#runs[this.#count] = run;
    this.#places[this.#count] = place;
    this.#count++;
    this.#slots = undefined;
  }

  /** The places of a run's keys, in the order of the file. */
  placesOf(run: RunNumber): number[] {
    const slots = this.#index();
    const places: number[] = [];
    for (let slot = slotOf(run, slots); ; slot = (slot + 1) & (slots.length - 1)) {
      const position = slots[slot] ?? 0;
      if (position === 0) return places;
      if (this.#runs[position - 1] === run) places.push(this.#places[position - 1] ?? 0);
    }
  }

  /** All runs, ascending, each once. */
  runs(): RunNumber[] {
    const sorted = this.#runs.slice(0, this.#count).sort();
    const runs: RunNumber[] = [];
    for (const run of sorted) if (run !== runs[runs.length - 1]) runs.push(run);
    return runs;
  }

  /**
   * The table after texts were inserted into the file.
   * @param move gives the new place of a key
   */
  moved(move: (place: number) => number): RunTable {
    const table = new RunTable();
    table.#runs = this.#runs.slice();
    table.#places = this.#places.map((place, position) => (position < this.#count ? move(place) : 0));
    table.#count = this.#count;
    return table;
  }

  #index(): Uint32Array {
    if (this.#slots !== undefined) return this.#slots;
    const slots = new Uint32Array(2 ** Math.ceil(Math.log2(2 * this.#count + 2)));
    for (let position = 1; position <= this.#count; position++) {
      let slot = slotOf(this.#runs[position - 1] ?? 0, slots);
      while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1);
      slots[slot] = position;
    }
    this.#slots = slots;
    return slots;
  }
}

function slotOf(run: RunNumber, { length }: Uint32Array): number {
  return (Math.imul(run | 0, 0x9e3779b1) >>> 8) & (length - 1);
}

function grown(list: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * list.length);
  larger.set(list);
  return larger;
}
