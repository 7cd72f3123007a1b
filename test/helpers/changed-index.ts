import { IndexBytes } from '../../src/artdaqdb/filesystem/index/index-bytes.ts';
import type { IndexChange } from '../../src/artdaqdb/filesystem/index/index-entry.ts';
import { scanIndex } from '../../src/artdaqdb/filesystem/index/index-scan.ts';
import { editedBytes, editsFor } from '../../src/artdaqdb/filesystem/index/index-splice.ts';

/** The content of an index after a change. */
export function changedIndex(content: Buffer, change: IndexChange, windowBytes?: number): Buffer {
  const bytes = IndexBytes.of(content, windowBytes);
  const layout = scanIndex(bytes, () => true);
  const pieces: Buffer[] = [];
  for (const piece of editedBytes(bytes, editsFor(bytes, layout, change).edits))
    pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}
