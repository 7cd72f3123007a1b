import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { IndexBytes } from '../../src/artdaqdb/filesystem/index/index-bytes.ts';
import { EMPTY_INDEX } from '../../src/artdaqdb/filesystem/index/index-entry.ts';
import { noLists, scanIndex } from '../../src/artdaqdb/filesystem/index/index-scan.ts';
import { spliceIndex } from '../../src/artdaqdb/filesystem/index/index-splice.ts';
import type { DocumentEntry } from '../../src/artdaqdb/stored-document.ts';

/** Writes the index of a collection that holds these documents. */
export function writeIndex(collection: string, added: readonly DocumentEntry[]): void {
  const empty = IndexBytes.of(Buffer.from(EMPTY_INDEX));
  mkdirSync(collection, { recursive: true });
  const file = openSync(join(collection, 'index.json'), 'w');
  for (const piece of spliceIndex(empty, scanIndex(empty, noLists), { added, removed: [] })) {
    writeSync(file, piece);
  }
  closeSync(file);
}
