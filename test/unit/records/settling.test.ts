import { expect, it } from 'vitest';
import { settled } from '../../../src/records/settling.ts';

/** Looks at a record whose times of modification are given one after another; time goes on only while we sleep. */
async function wait(...changes: readonly number[]): Promise<{ slept: number[]; found: number | undefined }> {
  let time = 100_000;
  let looks = 0;
  const slept: number[] = [];
  const sleep = async (milliseconds: number) => {
    slept.push(milliseconds);
    time += milliseconds;
  };
  const look = async () => ({
    found: looks,
    lastChange: changes[Math.min(looks++, changes.length - 1)] ?? 0,
  });
  const found = await settled(look, { quiet: 2000, patience: 10_000, now: () => time, sleep });
  return { slept, found };
}

it('does not wait for what was left alone long enough', async () => {
  expect(await wait(98_000)).toEqual({ slept: [], found: 0 });
});

it('waits for the rest of the time', async () => {
  expect(await wait(99_500)).toEqual({ slept: [1500], found: 1 });
});

it('starts again when something was modified meanwhile', async () => {
  expect(await wait(99_500, 101_000, 103_000)).toEqual({ slept: [1500, 1500, 2000], found: 3 });
});

it('gives up on what goes on being modified', async () => {
  const { slept, found } = await wait(...Array.from({ length: 20 }, (_, i) => 100_000 + i * 2000));
  expect(found).toBeUndefined();
  expect(slept).toHaveLength(5);
});

it('waits for no clock that is ahead, but until nothing changes', async () => {
  expect(await wait(5e9)).toEqual({ slept: [2000], found: 1 });
  expect(await wait(5e9, 6e9)).toEqual({ slept: [2000, 2000], found: 2 });
});
