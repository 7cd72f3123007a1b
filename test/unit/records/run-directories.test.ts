import type * as FileSystem from 'node:fs/promises';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { listRunDirectories } from '../../../src/records/run-directories.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

/** What the system says of links to a file server. */
const answers = vi.hoisted(() => ({ code: '' }));

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof FileSystem>();
  return {
    ...real,
    stat: async (...args: Parameters<typeof real.stat>) => {
      if (answers.code !== '' && String(args[0]).endsWith('/7')) {
        throw Object.assign(new Error('no answer'), { code: answers.code });
      }
      return await real.stat(...args);
    },
  };
});

const temporaryDirectory = useTemporaryDirectories();

it.each([
  ['', [5, 6, 7], []],
  ['ENOENT', [5, 6], ['"7" (a link that leads to no directory)']],
  ['ESTALE', [5, 6, 7], []],
  ['ETIMEDOUT', [5, 6, 7], []],
])(
  'A link counts as a run while its file server does not answer, but not if it leads nowhere: %j',
  async (code, runs, odd) => {
    const top = await temporaryDirectory();
    const records = join(top, 'records');
    for (const directory of ['records/5', 'server/6', 'server/7'])
      await mkdir(join(top, directory), { recursive: true });
    for (const run of ['6', '7']) await symlink(join(top, 'server', run), join(records, run));
    answers.code = code;
    expect(await listRunDirectories(records)).toEqual({ runs, odd, aliases: new Map() });
  },
);
