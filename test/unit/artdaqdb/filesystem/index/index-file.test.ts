import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { expect, it, vi } from 'vitest';
import { realFiles } from '../../../../../src/artdaqdb/filesystem/database-files.ts';
import { IndexChangedError, IndexFile } from '../../../../../src/artdaqdb/filesystem/index/index-file.ts';
import { noLists } from '../../../../../src/artdaqdb/filesystem/index/index-scan.ts';
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
