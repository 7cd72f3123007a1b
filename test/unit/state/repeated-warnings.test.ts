import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { RunSet } from '../../../src/runs/run-set.ts';
import { RepeatedWarnings } from '../../../src/state/repeated-warnings.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const HOUR_MS = 60 * 60 * 1000;
const temporaryDirectory = useTemporaryDirectories();
const none = RunSet.of([]);
let path: string;
let time: number;
let problems: string[];

beforeEach(async () => {
  path = join(await temporaryDirectory(), 'repeated_warnings.json');
  time = Date.parse('2026-03-01T12:00:00.000Z');
  problems = [];
});

const open = () =>
  new RepeatedWarnings(path, {
    now: () => new Date(time),
    redact: (text) => text.replaceAll('hunter2', '***'),
    warn: (message) => problems.push(message),
  });

/** An execution that warns, and then archives runs. */
async function execution(warnings: readonly [string, number?][], archived = none): Promise<boolean[]> {
  const file = open();
  await file.load();
  const due = warnings.map(([message, run]) => file.isDue(message, run));
  await file.write(archived);
  return due;
}

describe('repeated warnings', () => {
  it('are due once a day, however often an execution finds them', async () => {
    expect(await execution([['a'], ['a'], ['b']])).toEqual([true, false, true]);
    time += 23 * HOUR_MS;
    expect(await execution([['a'], ['c']])).toEqual([false, true]);
    time += HOUR_MS;
    expect(await execution([['a'], ['b'], ['a']])).toEqual([true, true, false]);
    expect(problems).toEqual([]);
  });

  it('tell when they came up first and last, and are forgotten a day later', async () => {
    await execution([['a', 7], ['b']]);
    time += 20 * HOUR_MS;
    await execution([['a', 7]]);
    const [first, last] = ['2026-03-01T12:00:00.000Z', '2026-03-02T08:00:00.000Z'];
    expect(await open().read()).toEqual([
      { message: 'a', run: 7, first, last, logged: first },
      { message: 'b', run: null, first, last: first, logged: first },
    ]);
    time += 5 * HOUR_MS;
    expect((await open().read()).map(({ message }) => message)).toEqual(['a']);
    time += 20 * HOUR_MS;
    await execution([]);
    expect(await open().read()).toEqual([]);
  });

  it('are forgotten when their run is archived', async () => {
    await execution(
      [
        ['run 7 is odd', 7],
        ['run 8 is odd', 8],
      ],
      RunSet.of([7]),
    );
    expect((await open().read()).map(({ run }) => run)).toEqual([8]);
  });

  it('are due again when the clock was set back', async () => {
    await execution([['a']]);
    time -= HOUR_MS;
    expect(await execution([['a']])).toEqual([true]);
  });

  it('hold no password', async () => {
    expect(await execution([['wrong: hunter2'], ['wrong: hunter2']])).toEqual([true, false]);
    expect(readFileSync(path, 'utf8')).not.toContain('hunter2');
  });

  it('write nothing while nobody warns', async () => {
    await execution([]);
    expect(existsSync(path)).toBe(false);
  });

  it('are all due beyond 500 of them, so that the file stays small', async () => {
    const many = Array.from({ length: 600 }, (_, run) => [`run ${run} is odd`, run] as [string, number]);
    await execution(many);
    expect(await open().read()).toHaveLength(500);
    expect((await execution(many)).filter((due) => due)).toHaveLength(100);
  });

  it('are due if the file is damaged, can not be read, or can not be written', async () => {
    writeFileSync(path, '{"warnings": 7}');
    await expect(open().read()).rejects.toThrow(/Remove it/);
    expect(await execution([['a']])).toEqual([true]);
    expect(problems).toEqual([]);
    path = join(path, 'a file is no directory');
    expect(await execution([['a']])).toEqual([true]);
    expect(problems).toEqual([expect.stringContaining('The log shows warnings again')]);
  });
});
