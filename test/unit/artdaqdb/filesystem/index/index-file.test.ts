import { appendFile, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { realFiles } from '../../../../../src/artdaqdb/filesystem/database-files.ts';
import { EMPTY_INDEX } from '../../../../../src/artdaqdb/filesystem/index/index-entry.ts';
import { IndexChangedError, IndexFile } from '../../../../../src/artdaqdb/filesystem/index/index-file.ts';
import { listsOfRuns, noLists } from '../../../../../src/artdaqdb/filesystem/index/index-layout.ts';
import { IndexReader } from '../../../../../src/artdaqdb/filesystem/index/index-reader.ts';
import { textsOf } from '../../../../../src/artdaqdb/filesystem/index/index-scan.ts';
import type { DocumentEntry } from '../../../../../src/artdaqdb/stored-document.ts';
import { changedIndex } from '../../../../helpers/changed-index.ts';
import { useTemporaryDirectories } from '../../../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();

it('an index that is cut off just when it is opened to be replaced counts as changed', async () => {
  const files = { ...realFiles };
  const index = new IndexFile(await temporaryDirectory(), files, async () => undefined);
  await index.create();
  const before = await readFile(index.path);
  const state = await index.read(noLists);
  vi.spyOn(files, 'readSync').mockReturnValueOnce(0);
  const replacing = index.replace(state, { added: [], removed: [] }, async () => undefined);
  await expect(replacing).rejects.toThrow(IndexChangedError);
  expect(await readFile(index.path)).toEqual(before);
});

it('an index that cannot be read is called damaged only if nobody is writing it', async () => {
  let whileWaiting = async (): Promise<void> => undefined;
  const index = new IndexFile(await temporaryDirectory(), realFiles, () => whileWaiting());
  await writeFile(index.path, '{');
  await expect(index.read(noLists)).rejects.toThrow(/not a readable index: .*restore it from a backup/);
  whileWaiting = () => appendFile(index.path, ' ');
  const reading = index.read(noLists);
  await expect(reading).rejects.toThrow(`${index.path} can't be read while another program keeps writing`);
  await expect(reading).rejects.toHaveProperty('retryable', true);
});

describe('of a large index', () => {
  const RUNS = 2000;
  const entryOf = (run: number): DocumentEntry => ({
    id: run.toString(16).padStart(24, '0'),
    version: `${run}/c`,
    entity: 'boot',
    configurations: [{ name: `${run}/c`, assigned: '2026-01-01T00:00:00.000+0000' }],
    runs: [String(run)],
  });
  const ofRun = (run: number) => listsOfRuns([run], () => true);
  const noCheck = async (): Promise<void> => undefined;

  /** An index of many runs, and how many bytes of it were read since that was asked last. */
  async function largeIndex() {
    const files = { ...realFiles };
    const index = new IndexFile(await temporaryDirectory(), files, async () => undefined);
    const added = Array.from({ length: RUNS }, (_, place) => entryOf(2 * place));
    await writeFile(index.path, changedIndex(Buffer.from(EMPTY_INDEX), { added, removed: [] }));
    const reading = vi.spyOn(files, 'readSync');
    const bytesRead = (): number => {
      const read = reading.mock.results.reduce((sum, { value }) => sum + Number(value), 0);
      reading.mockClear();
      return read;
    };
    const { size } = await stat(index.path);
    return { index, bytesRead, size };
  }

  it('one scan serves all looks, and changes of ours one after the other, which read it once each', async () => {
    const { index, bytesRead, size } = await largeIndex();
    let state = await index.read(ofRun(1));
    expect(bytesRead()).toBeGreaterThanOrEqual(size);
    for (const run of [1, 3, 5, 7]) {
      state = await index.read(ofRun(run));
      expect(bytesRead()).toBeLessThan(size / 50);
      await index.replace(state, { added: [entryOf(run)], removed: [] }, noCheck);
      expect(bytesRead()).toBeLessThan(size * 1.3);
    }
    const scanned = await new IndexFile(dirname(index.path), realFiles, noCheck).read(noLists);
    expect((await index.read(noLists)).layout.ouid).toEqual(scanned.layout.ouid);
    expect(scanned.layout.ouid).toMatchObject({ count: RUNS + 4, isIds: true });
  });

  it('it is scanned again once another program has written it between two changes of ours', async () => {
    const { index, bytesRead, size } = await largeIndex();
    const state = await index.read(ofRun(1));
    await index.replace(state, { added: [entryOf(1)], removed: [] }, noCheck);
    const ours = await readFile(index.path);
    await writeFile(index.path, changedIndex(ours, { added: [entryOf(3)], removed: [] }));
    bytesRead();
    const { layout, seen } = await index.look(ofRun(3), (bytes, found) => {
      const list = found.layout.maps.get('runs.name')?.lists.get('3');
      return list && textsOf(bytes, list);
    });
    expect(bytesRead()).toBeGreaterThanOrEqual(size);
    expect(seen).toEqual([entryOf(3).id]);
    expect(layout.runs.has(3)).toBe(true);
  });

  it('it is scanned again for the lists of a run that it has', async () => {
    const { index, bytesRead, size } = await largeIndex();
    await index.read(noLists);
    bytesRead();
    const { layout } = await index.read(ofRun(4));
    expect(bytesRead()).toBeGreaterThanOrEqual(size);
    expect(layout.maps.get('version')?.lists.get('4/c')).toMatchObject({ count: 1 });
  });

  it('a run is looked up without reading the lists of others', async () => {
    const { index, bytesRead, size } = await largeIndex();
    const reader = new IndexReader(index);
    expect((await reader.runs()).runs.length).toBe(RUNS);
    bytesRead();
    for (let run = 0; run < 40; run += 2) {
      expect(await reader.configurationsOf(run)).toEqual([`${run}/c`]);
      expect(await reader.ids(`${run}/c`)).toEqual([entryOf(run).id]);
      expect(await reader.stamps(`${run}/c`)).toEqual(['2026-01-01T00:00:00.000+0000']);
      expect(await reader.configurationsOf(run + 1)).toEqual([]);
    }
    expect(bytesRead()).toBeLessThan(size);
  });
});
