import { rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { GuardedFile } from '../../../src/lock/guarded-file.ts';
import { errorCode } from '../../../src/system-error.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const makeDirectory = useTemporaryDirectories();

it('a file is locked although others remove its directory whenever it is empty', async () => {
  const directory = join(await makeDirectory(), 'shared');
  let isOver = false;
  const takingAway = (async () => {
    while (!isOver) {
      await rmdir(directory).catch((error: unknown) => {
        if (!['ENOENT', 'ENOTEMPTY'].includes(errorCode(error) ?? '')) throw error;
      });
    }
  })();
  try {
    for (let time = 0; time < 200; time++) {
      const file = new GuardedFile(join(directory, `file-${time}`));
      expect(await file.exclusively(async () => time)).toBe(time);
    }
  } finally {
    isOver = true;
    await takingAway;
  }
});
