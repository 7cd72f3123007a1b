import { mkdir, open, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { namingFile } from '../../src/system-error.ts';
import { useTemporaryDirectories } from '../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();

it('errors about an open file get its name, and other errors stay as they are', async () => {
  const directory = join(await temporaryDirectory(), 'of a collection');
  await mkdir(directory);
  const handle = await open(directory, 'r');
  await expect(handle.readFile().catch(namingFile(directory))).rejects.toMatchObject({
    code: 'EISDIR',
    message: `EISDIR: illegal operation on a directory, read '${directory}'`,
    path: directory,
  });
  await handle.close();
  await rmdir(directory);
  const missing = await open(directory, 'r').catch((error: unknown) => error);
  const named = `${missing}`;
  expect(() => namingFile('/elsewhere')(missing)).toThrow(expect.objectContaining({ path: directory }));
  expect(`${missing}`).toBe(named);
  const bug = new TypeError('no error of the system');
  expect(() => namingFile('/elsewhere')(bug)).toThrow(bug);
  expect(bug.message).toBe('no error of the system');
});
