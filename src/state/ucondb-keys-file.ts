import { z } from 'zod';
import { RunSet } from '../runs/run-set.ts';
import type { KeyCache, KnownKeys } from '../ucondb/key-listing.ts';
import { CacheFile, type CacheFileOptions } from './cache-file.ts';

const RUN = /^(?:0|[1-9][0-9]{0,15})$/;

/** By run. There are as many as were recorded in an hour: schemas of their own would take as long as all else. */
const recordTimes = z.custom<Readonly<Record<string, number>>>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(value).every(([run, time]) => RUN.test(run) && typeof time === 'number'),
);

const content = z.object({
  day: z.string(),
  since: z.number(),
  recent: recordTimes,
  runs: z.array(z.string()),
});

/** The cache of the keys that UconDB had, as ranges. */
export class UconDbKeysFile implements KeyCache {
  readonly #file: CacheFile<z.infer<typeof content>>;
  readonly #now: () => Date;

  constructor(path: string, options: CacheFileOptions) {
    this.#file = new CacheFile(path, content, options);
    this.#now = options.now;
  }

  today(): string {
    return this.#now().toISOString().slice(0, '2026-12-01'.length);
  }

  async read(place: string): Promise<KnownKeys | undefined> {
    const found = await this.#file.read(place);
    const runs = found && RunSet.fromTexts(found.runs);
    if (found === undefined || runs === undefined) return undefined;
    const recent = new Map(Object.entries(found.recent).map(([run, recorded]) => [Number(run), recorded]));
    return { ...found, runs, recent };
  }

  async write(place: string, { runs, day, since, recent }: KnownKeys): Promise<void> {
    await this.#file.write(place, { day, since, recent: Object.fromEntries(recent), runs: runs.toTexts() });
  }
}
