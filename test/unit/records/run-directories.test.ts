import type * as FileSystem from 'node:fs/promises';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { listRunDirectories } from '../../../src/records/run-directories.ts';
import { RunSet } from '../../../src/runs/run-set.ts';
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

it('Runs that were listed before count by their names alone, unless there is a new link', async () => {
  answers.code = '';
  const records = await temporaryDirectory();
  for (const directory of ['1', '2', '4', '12', 'other', '007']) await mkdir(join(records, directory));
  for (const file of ['3', '5']) await writeFile(join(records, file), '');
  const known = RunSet.of([1, 2, 3, 9]);
  const odd = ['"007"', '"5" (not a directory)'];
  const { runs, ...rest } = await listRunDirectories(records, known);
  expect({ runs, odd: rest.odd.toSorted() }).toEqual({ runs: [1, 2, 3, 4, 12], odd });

  await symlink('4', join(records, '6'));
  const withLink = await listRunDirectories(records, known);
  expect(withLink).toEqual(await listRunDirectories(records));
  expect(withLink.runs).toEqual([1, 2, 4, 12]);
  expect(withLink.aliases).toEqual(new Map([[6, 4]]));
});
