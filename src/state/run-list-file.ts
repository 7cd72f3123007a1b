import { z } from 'zod';
import type { KnownRuns, RunListCache } from '../artdaqdb/backend.ts';
import { RunSet } from '../runs/run-set.ts';
import { CacheFile, type CacheFileOptions } from './cache-file.ts';

const content = z.object({ state: z.string(), runs: z.array(z.string()) });

/** The cache of the runs that artdaqDB had in one state of it, as ranges. */
export class RunListFile implements RunListCache {
  readonly #file: CacheFile<z.infer<typeof content>>;

  constructor(path: string, options: CacheFileOptions) {
    this.#file = new CacheFile(path, content, options);
  }

  async read(database: string): Promise<KnownRuns | undefined> {
    const found = await this.#file.read(database);
    const runs = found && RunSet.fromTexts(found.runs);
    return found && runs && { state: found.state, runs };
  }

  async write(database: string, { state, runs }: KnownRuns): Promise<void> {
    await this.#file.write(database, { state, runs: runs.toTexts() });
  }
}
