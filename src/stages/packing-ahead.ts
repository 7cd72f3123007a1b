import pLimit, { type LimitFunction } from 'p-limit';

/** No further run is packed while the packed ones hold so much. */
const AHEAD_BYTES = 64e6;

/** Lets runs be packed while others are at UconDB. Packing takes a worker, and a packed blob takes memory. */
export class PackingAhead {
  readonly #limit: LimitFunction;
  readonly #waiting: (() => void)[] = [];
  #held = 0;

  /** @param workers runs that are packed at once */
  constructor(workers: number) {
    this.#limit = pLimit(workers);
  }

  /** Packs a run when it is its turn and there is room for it, and works with its blob, which takes room as long. */
  async use(pack: () => Promise<Buffer>, work: (blob: Buffer) => Promise<void>): Promise<void> {
    const blob = await this.#limit(async () => {
      while (this.#held >= AHEAD_BYTES) await new Promise<void>((resolve) => this.#waiting.push(resolve));
      const packed = await pack();
      this.#held += packed.length;
      return packed;
    });
    try {
      await work(blob);
    } finally {
      this.#held -= blob.length;
      for (const resolve of this.#waiting.splice(0)) resolve();
    }
  }
}
