import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PersistenceError } from '../../../src/errors.ts';
import { FailureLog } from '../../../src/state/failure-log.ts';
import { RunSetFile } from '../../../src/state/run-set-file.ts';
import { UncomparedRuns, uncertainRuns } from '../../../src/state/uncompared-runs.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();
const here = { server: 'https://ucondb.example/prod/app', folder: 'sbnd', object: 'runs' };
const elsewhere = [
  { ...here, server: 'https://ucondb.example/dev/app' },
  { ...here, folder: 'icarus' },
  { ...here, object: 'runs_2025' },
];

async function setUp() {
  const path = join(await temporaryDirectory(), 'uncompared_runs.json');
  return { path, runs: new UncomparedRuns(path, here) };
}

describe('the record of uncompared runs', () => {
  it('holds the noted runs, names the place, and says which runs are new', async () => {
    const { path, runs } = await setUp();
    expect((await runs.read()).toTexts()).toEqual([]);
    expect(await runs.note([5, 7, 6])).toEqual([5, 7, 6]);
    expect(await runs.note([7, 9])).toEqual([9]);
    await runs.drop([6]);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({
      uncompared_runs: [{ ...here, runs: ['5', '7', '9'] }],
    });
    await runs.drop([5, 7, 9]);
    expect(await readFile(path, 'utf8')).toBe('{\n  "uncompared_runs": []\n}\n');
  });

  it.each(elsewhere)('neither applies nor loses the notes of another place: %o', async (place) => {
    const { path, runs } = await setUp();
    await new UncomparedRuns(path, place).note([1, 2, 8]);
    expect((await runs.read()).toTexts()).toEqual([]);
    expect(await runs.note([2, 3])).toEqual([2, 3]);
    await runs.drop([2, 8]);
    await runs.replace([4]);
    expect((await runs.read()).toTexts()).toEqual(['4']);
    expect((await new UncomparedRuns(path, place).read()).toTexts()).toEqual(['1-2', '8']);
  });

  it.each([
    '',
    '{torn',
    '[]',
    '{}',
    '{"uncompared_runs": ["5-7"]}',
    JSON.stringify({ uncompared_runs: [{ ...here, runs: [5] }] }),
    JSON.stringify({ uncompared_runs: [{ ...here, runs: ['7-5'] }] }),
    JSON.stringify({ uncompared_runs: [{ folder: 'sbnd', object: 'runs', runs: ['5'] }] }),
  ])('is refused and left as it is if it can not be understood: %s', async (text) => {
    const { path, runs } = await setUp();
    await writeFile(path, text);
    for (const use of [() => runs.read(), () => runs.note([1]), () => runs.drop([1])]) {
      await expect(use()).rejects.toThrow(PersistenceError);
      await expect(use()).rejects.toThrow('--recover-migrate-state');
    }
    expect(await readFile(path, 'utf8')).toBe(text);
    const kept = await runs.replace([3]);
    expect(await readFile(kept ?? '', 'utf8')).toBe(text);
    expect((await runs.read()).toTexts()).toEqual(['3']);
  });
});

it('keys of noted runs, and of failed runs that are known to differ, do not count', async () => {
  const directory = await temporaryDirectory();
  const uncompared = new UncomparedRuns(join(directory, 'uncompared_runs.json'), here);
  const unequal = new RunSetFile(join(directory, 'u.json'), { key: 'unequal_runs', title: '', advice: '' });
  const failures = new FailureLog(join(directory, 'failures.log'));
  await uncompared.note([1, 2, 3, 4]);
  await unequal.add([3, 4, 5, 6]);
  await failures.change({ add: new Map([2, 3, 5, 7].map((run) => [run, 'why'])) });
  expect(
    await uncertainRuns([2, 3, 4, 5, 6, 7, 8], { uncompared, unequal, failures, givenUp: undefined }),
  ).toEqual({
    uncompared: [2, 4],
    different: [3, 5],
  });
});
