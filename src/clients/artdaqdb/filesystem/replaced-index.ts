import type { FileHandle } from 'node:fs/promises';
import { contentSignatureOf, type FileStats } from '../../../file-signature.ts';
import type { ScannedIndex } from './index-gains.ts';
import { scanIndex, UnreadableIndexError } from './index-scan.ts';

/** How long a writer that has begun is waited for. */
export interface Patience {
  readonly attempts: number;
  readonly pauseMs: number;
  readonly sleep: (milliseconds: number) => Promise<unknown>;
}

/**
 * The file that our rename took an index's name from. A program that had opened it before writes on into it, where nobody
 * would ever read it; so it is kept open and looked at again.
 */
export class ReplacedIndex {
  readonly #handle: FileHandle;
  #seen: string;

  /** @param stats of the content that our new index was made from */
  constructor(handle: FileHandle, stats: FileStats) {
    this.#handle = handle;
    this.#seen = contentSignatureOf(stats);
  }

  /** Has anything been written to it since it was read last? */
  async isChanged(): Promise<boolean> {
    return contentSignatureOf(await this.#handle.stat({ bigint: true })) !== this.#seen;
  }

  /**
   * What was written to it since it was read last; undefined if nothing was, 'torn' if a writer began and did not end
   * within the time given.
   */
  async lateContent({ attempts, pauseMs, sleep }: Patience): Promise<ScannedIndex | 'torn' | undefined> {
    if (!(await this.isChanged())) return undefined;
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const content = await this.#readOnce();
      if (content !== undefined) return content;
      if (attempt < attempts) await sleep(pauseMs);
    }
    return 'torn';
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #readOnce(): Promise<ScannedIndex | undefined> {
    const before = await this.#handle.stat({ bigint: true });
    const bytes = Buffer.alloc(Number(before.size));
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await this.#handle.read(bytes, length, bytes.length - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    const signature = contentSignatureOf(await this.#handle.stat({ bigint: true }));
    this.#seen = signature;
    if (length < bytes.length || signature !== contentSignatureOf(before)) return undefined;
    try {
      return { bytes, layout: scanIndex(bytes, () => true) };
    } catch (error) {
      if (error instanceof UnreadableIndexError) return undefined;
      throw error;
    }
  }
}
