import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { RunSetFile } from '../../../src/state/run-set-file.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();

let path: string;
let file: RunSetFile;

beforeEach(async () => {
  path = join(await temporaryDirectory(), 'verified_runs.json');
  file = new RunSetFile(path, {
    key: 'verified_runs',
    title: 'record of verified runs',
    advice: 'Remove it.',
  });
});

describe('a file of runs', () => {
  it('is neither made nor written when runs are dropped that it does not hold', async () => {
    await file.drop([1]);
    expect(existsSync(path)).toBe(false);
    await file.add([1, 2, 3]);
    const { ino } = statSync(path);
    await file.drop([4, 5]);
    expect(statSync(path).ino).toBe(ino);
    await file.drop([2, 5]);
    expect(readFileSync(path, 'utf8')).toBe('{\n  "verified_runs": [\n    "1",\n    "3"\n  ]\n}\n');
  });

  it('exists after a change, even an empty one', async () => {
    await file.add([]);
    expect(readFileSync(path, 'utf8')).toBe('{\n  "verified_runs": []\n}\n');
  });

  it.each([
    ['', 'it is empty'],
    [Buffer.from([0xff]), 'it is not UTF-8 text'],
    ['{"verified_runs": [', 'it is not JSON: '],
    ['{"verified_runs": 3}', 'verified_runs: '],
    ['{"verified_runs": ["3-1"]}', 'verified_runs: it holds something other than <run> and <first>-<last>'],
  ])('tells what is wrong with it, and what to do: %j', async (content, reason) => {
    writeFileSync(path, content);
    const error: unknown = await file.read().catch((thrown: unknown) => thrown);
    expect(String(error)).toContain(`The record of verified runs ${path} can't be understood: ${reason}`);
    expect(String(error)).toMatch(/\. Remove it\.$/);
  });
});
