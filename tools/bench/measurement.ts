/** What benchmarks of databases share. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FhiclFile } from '../../src/fhicl/fhicl-file.ts';

/** The FHiCL files of a directory. */
export function readRecord(directory: string): FhiclFile[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.fcl'))
    .map((name) => ({ name, text: readFileSync(join(directory, name), 'utf8') }));
}

/** Says how long the work took, and how much memory this process has had at the most. */
export async function report(what: string, runs: number, work: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  const peak = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(
    `${what}: ${seconds.toFixed(2)} s, ${Math.round((runs / seconds) * 60)} runs a minute, peak memory ${peak} MB`,
  );
}
