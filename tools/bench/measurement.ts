/** What benchmarks of databases share. */
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { IndexBytes } from '../../src/artdaqdb/filesystem/index/index-bytes.ts';
import { EMPTY_INDEX } from '../../src/artdaqdb/filesystem/index/index-entry.ts';
import { noLists } from '../../src/artdaqdb/filesystem/index/index-layout.ts';
import { scanIndex } from '../../src/artdaqdb/filesystem/index/index-scan.ts';
import { editedBytes, editsFor } from '../../src/artdaqdb/filesystem/index/index-splice.ts';
import type { DocumentEntry } from '../../src/artdaqdb/stored-document.ts';
import type { FhiclFile } from '../../src/fhicl/fhicl-file.ts';

/** The FHiCL files of a directory. */
export function readRecord(directory: string): FhiclFile[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.fcl'))
    .map((name) => ({ name, text: readFileSync(join(directory, name), 'utf8') }));
}

/** Says how long the work took, and how much memory this process has had at the most. */
export async function measure(what: string, runs: number, work: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  const peak = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(
    `${what}: ${seconds.toFixed(2)} s, ${Math.round((runs / seconds) * 60)} runs a minute, peak memory ${peak} MB`,
  );
}

/** Writes the index of a collection that holds these documents. */
export function writeIndex(collection: string, added: readonly DocumentEntry[]): void {
  const empty = IndexBytes.of(Buffer.from(EMPTY_INDEX));
  mkdirSync(collection, { recursive: true });
  const file = openSync(join(collection, 'index.json'), 'w');
  const { edits } = editsFor(empty, scanIndex(empty, noLists), { added, removed: [] });
  for (const piece of editedBytes(empty, edits)) writeSync(file, piece);
  closeSync(file);
}
