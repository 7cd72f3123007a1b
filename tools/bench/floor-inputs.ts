import { readFileSync } from 'node:fs';
import type { Uncharged } from './usage.ts';

/** The documents of a run, in a FilesystemDB. */
export interface RunDocuments {
  readonly run: number;
  /** Paths. */
  readonly documents: readonly string[];
}

const free = { seconds: 0, cpuSeconds: 0 };

/** What a floor has ready, so that it takes no time: reads it, and notes what that took. */
export function ready<T>(read: () => T): T {
  const [start, cpuStart] = [performance.now(), process.cpuUsage()];
  const inputs = read();
  const { user, system } = process.cpuUsage(cpuStart);
  free.seconds += (performance.now() - start) / 1000;
  free.cpuSeconds += (user + system) / 1e6;
  return inputs;
}

/** The runs of a finished import, from the list that the benchmark made. */
export function storedRuns(list: string): readonly RunDocuments[] {
  return ready(() => JSON.parse(readFileSync(list, 'utf8')));
}

/** Tells the benchmark what this process must not be charged for. */
export function reportFloor(): void {
  console.log(JSON.stringify(free satisfies Uncharged));
}
