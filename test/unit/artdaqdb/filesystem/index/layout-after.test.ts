import fc from 'fast-check';
import { expect, it } from 'vitest';
import { IndexBytes } from '../../../../../src/artdaqdb/filesystem/index/index-bytes.ts';
import { EMPTY_INDEX } from '../../../../../src/artdaqdb/filesystem/index/index-entry.ts';
import { type IndexLayout, noLists } from '../../../../../src/artdaqdb/filesystem/index/index-layout.ts';
import { scanIndex } from '../../../../../src/artdaqdb/filesystem/index/index-scan.ts';
import { editedBytes, editsFor } from '../../../../../src/artdaqdb/filesystem/index/index-splice.ts';
import { layoutAfter } from '../../../../../src/artdaqdb/filesystem/index/layout-after.ts';
import type { DocumentEntry } from '../../../../../src/artdaqdb/stored-document.ts';

const entry: fc.Arbitrary<DocumentEntry> = fc
  .record({
    id: fc.stringMatching(/^[0-9a-f]{24}$/),
    run: fc.integer({ min: 0, max: 12 }),
    config: fc.constantFrom('standard', 'qu"oted', '\u00e9'),
    entity: fc.constantFrom('boot', 'setup', 'a"b', 'schema'),
    assigned: fc.constantFrom('2026-01-01T00:00:00.000+0000', '2026-01-01T00:00:00.001+0000'),
  })
  .map(({ id, run, config, entity, assigned }) => ({
    id,
    version: `${run}/${config}`,
    entity,
    configurations: [{ name: `${run}/${config}`, assigned }],
    runs: [String(run)],
  }));

/** A layout with its tables written out. */
function written(layout: IndexLayout) {
  const tables = [...layout.tables].map(([member, table]) => {
    const runs = table.runs();
    return [member, runs.map((run) => [run, table.placesOf(run)])];
  });
  return { ...layout, tables, runs: layout.runs.toTexts() };
}

function contentAfter(content: Buffer, layout: IndexLayout, added: readonly DocumentEntry[]) {
  const bytes = IndexBytes.of(content);
  const edits = editsFor(bytes, layout, { added, removed: [] });
  const pieces: Buffer[] = [];
  for (const piece of editedBytes(bytes, edits.edits)) pieces.push(Buffer.from(piece));
  return { content: Buffer.concat(pieces), layout: layoutAfter(layout, edits) };
}

it('the layout after a change is what a scan of the changed index finds', () => {
  const batches = fc.array(fc.array(entry, { maxLength: 6 }), { minLength: 2, maxLength: 5 });
  fc.assert(
    fc.property(batches, (all) => {
      let content = Buffer.from(EMPTY_INDEX);
      for (const batch of all) {
        const scanned = scanIndex(IndexBytes.of(content), () => true);
        const next = contentAfter(content, scanned, batch);
        const found = scanIndex(IndexBytes.of(next.content), noLists);
        if (scanned.ouid?.isIds === true && batch.length > 0) expect(next.layout).toBeDefined();
        if (next.layout !== undefined) expect(written(next.layout)).toEqual(written(found));
        content = next.content;
      }
    }),
  );
});

it('a change that adds runs one after the other needs a scan only once', () => {
  const entryOf = (run: number): DocumentEntry => ({
    id: run.toString(16).padStart(24, '0'),
    version: `${run}/c`,
    entity: `entity${run % 3}`,
    configurations: [{ name: `${run}/c`, assigned: `2026-01-01T00:00:00.${100 + run}+0000` }],
    runs: [String(run)],
  });
  const first = contentAfter(
    Buffer.from(EMPTY_INDEX),
    scanIndex(IndexBytes.of(Buffer.from(EMPTY_INDEX)), noLists),
    [entryOf(1)],
  );
  expect(first.layout).toBeUndefined();
  let { content } = first;
  let layout: IndexLayout | undefined = scanIndex(IndexBytes.of(content), noLists);
  for (let run = 2; run < 20; run++) {
    ({ content, layout } = contentAfter(content, layout as IndexLayout, [entryOf(run)]));
    expect(layout).toBeDefined();
  }
  expect(layout?.runs.toTexts()).toEqual(['1-19']);
});
