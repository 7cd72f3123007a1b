import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunSet } from '../../../src/runs/run-set.ts';
import { SeenRuns } from '../../../src/state/seen-runs.ts';

let directory: string;
let path: string;
let seen: SeenRuns;
beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'seen-'));
  path = join(directory, 'importer_seen.json');
  seen = new SeenRuns(path);
});
afterEach(() => {
  fs.rmSync(directory, { recursive: true });
});

describe('SeenRuns', () => {
  it('counts all runs that are present at the first execution as seen', async () => {
    expect(await seen.late([1, 2, 3], 10)).toEqual([]);
    expect((await seen.membership())(77)).toBe(true);
    await seen.remember([1, 2, 3]);
    expect(await seen.late([1, 2, 3], 10)).toEqual([]);
    expect((await seen.membership())(77)).toBe(false);
  });

  it('tells whether any run was ever seen', async () => {
    expect(await seen.hasAny()).toBe(false);
    await seen.look(RunSet.of([]), 0);
    expect(await seen.hasAny()).toBe(false);
    await seen.look(RunSet.of([4]), 0);
    expect(await seen.hasAny()).toBe(true);
    await seen.look(RunSet.of([]), 4);
    expect(await seen.hasAny()).toBe(true);
  });

  it('finds runs that appeared late, only at or below the position', async () => {
    await seen.remember([1, 2, 10]);
    expect(await seen.late([1, 2, 5, 10, 11], 10)).toEqual([5]);
    expect(await seen.late([5, 10, 11], 11)).toEqual([5, 11]);
  });

  it('forgets no run that was away for an execution, and remembers an empty first one', async () => {
    await seen.remember([]);
    expect(await seen.late([4], 10)).toEqual([4]);
    await seen.remember([4]);
    await seen.remember([]);
    expect(await seen.late([4], 10)).toEqual([]);
  });

  it('forgets a run above the position that went away, which is late when it comes back below', async () => {
    await seen.look(RunSet.of([1, 2, 3, 5]), 3);
    await seen.look(RunSet.of([1, 2, 6]), 3);
    expect(await seen.late([3, 5, 6], 6)).toEqual([5]);
  });

  it('counts run 0 as late only when there is a position', async () => {
    await seen.remember([1]);
    expect(await seen.late([0], 0)).toEqual([]);
    expect(await seen.late([0], 1)).toEqual([0]);
  });

  it('stays small, however many runs there are', async () => {
    await seen.remember(Array.from({ length: 100_000 }, (_, index) => index + 1));
    await seen.remember([200_000]);
    expect(fs.readFileSync(path, 'utf8')).toBe(
      '{\n  "seen_runs": [\n    "1-100000",\n    "200000"\n  ]\n}\n',
    );
  });

  it.each([
    '',
    '{',
    '[]',
    '{"seen_runs": 3}',
    '{"seen_runs": [3]}',
    '{"seen_runs": ["5-3"]}',
    '{"seen_runs": ["1-2-3"]}',
    '{"seen_runs": ["1-"]}',
  ])('refuses %j and leaves it as it is', async (text) => {
    fs.writeFileSync(path, text);
    for (const attempt of [() => seen.late([1], 5), () => seen.remember([1]), () => seen.membership()]) {
      await expect(attempt()).rejects.toThrow(/record of seen runs .*can't be understood/);
    }
    expect(fs.readFileSync(path, 'utf8')).toBe(text);
    expect(fs.readdirSync(directory)).toHaveLength(1);
  });
});

describe('RunSet', () => {
  const runs = fc.array(fc.integer({ min: 0, max: 50 }));

  it('holds exactly the runs that were put in, and reads what it writes', () => {
    fc.assert(
      fc.property(runs, runs, (one, other) => {
        const set = RunSet.of(one).union(RunSet.of(other));
        const expected = new Set([...one, ...other]);
        for (let run = 0; run <= 52; run++) expect(set.has(run)).toBe(expected.has(run));
        expect(RunSet.fromTexts(set.toTexts())?.toTexts()).toEqual(set.toTexts());
      }),
    );
  });
});
