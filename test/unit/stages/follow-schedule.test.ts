import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { followSchedule } from '../../../src/stages/follow-schedule.ts';
import { Schedule, type Sign } from '../../../src/stages/schedule.ts';
import type { WorkerSlot } from '../../../src/stages/worker-slot.ts';

/** Follows a schedule whose runs do what the test tells them, and notes what happens. */
function follow(others: readonly number[], workers: number, waiting: readonly number[] = []) {
  const schedule = new Schedule({ others, waiting, limit: 100, isAlarmed: false });
  const stop = new AbortController();
  const begun: number[] = [];
  const due: number[] = [];
  const underWay = new Map<number, { slot: WorkerSlot; end: (sign: Sign) => void }>();
  const all = followSchedule(schedule, { workers, stop: stop.signal }, async (run, slot) => {
    begun.push(run);
    schedule.ended(run, await new Promise<Sign>((end) => underWay.set(run, { slot, end })));
  });
  return {
    begun,
    due,
    all,
    stop,
    handOver: async (...runs: readonly number[]) => {
      for (const run of runs)
        void underWay
          .get(run)
          ?.slot.handOver()
          .then(() => due.push(run));
      await turn();
    },
    takeBack: (run: number) => underWay.get(run)?.slot.takeBack(),
    end: async (sign: Sign, ...runs: readonly number[]) => {
      for (const run of runs) underWay.get(run)?.end(sign);
      await turn();
    },
  };
}

describe('followSchedule', () => {
  it('the first run goes alone, and after its success others begin while runs wait to be stored', async () => {
    const { begun, due, handOver, end, all } = follow([1, 2, 3, 4, 5], 2);
    await handOver(1, 2);
    expect({ begun, due }).toEqual({ begun: [1, 2], due: [1] });
    await end('success', 1);
    await handOver(3);
    await handOver(4);
    expect({ begun, due }).toEqual({ begun: [1, 2, 3, 4, 5], due: [1] });
    await handOver(5);
    expect(due).toEqual([1, 2, 3, 4, 5]);
    await end('success', 2, 3, 4, 5);
    await all;
  });

  it('no more runs than workers are under way once one has failed', async () => {
    const { begun, due, handOver, end, all } = follow([1, 2, 3, 4, 5, 6, 7, 8, 9], 2);
    await end('success', 1);
    await handOver(2, 3);
    expect(begun).toEqual([1, 2, 3, 4, 5]);
    await end('unknown', 4);
    await end('own', 5);
    expect({ begun, due }).toEqual({ begun: [1, 2, 3, 4, 5], due: [2, 3] });
    await end('success', 2, 3);
    expect(begun).toEqual([1, 2, 3, 4, 5, 6, 7]);
    await end('success', 6, 7);
    await end('success', 8, 9);
    await all;
  });

  it('no run begins ahead while a run that waits because of a fault is to come', async () => {
    const { begun, handOver, end, all } = follow([1, 2, 3], 1, [7]);
    await end('success', 1);
    await handOver(7);
    expect(begun).toEqual([1, 7, 2]);
    await end('success', 7, 2, 3);
    await end('success', 3);
    await all;
  });

  it('a run that tries again takes a worker from those that would begin', async () => {
    const { begun, handOver, takeBack, end, all } = follow([1, 2, 3, 4], 1);
    await end('success', 1);
    await handOver(2);
    takeBack(2);
    await end('success', 3);
    expect(begun).toEqual([1, 2, 3]);
    await end('success', 2);
    expect(begun).toEqual([1, 2, 3, 4]);
    await end('success', 4);
    await all;
  });

  it('after a request to stop none begins, and what waits to be stored need not wait for others', async () => {
    const { begun, due, handOver, end, stop, all } = follow([1, 2, 3, 4, 5], 1);
    await end('success', 1);
    await handOver(2);
    stop.abort();
    await handOver(3);
    expect({ begun, due }).toEqual({ begun: [1, 2, 3], due: [2, 3] });
    await end('success', 2, 3);
    await all;
  });

  it('a run that has ended waits no more, so that nobody holds it in memory', async () => {
    const { due, handOver, end, all } = follow([1, 2, 3, 4], 1);
    await end('success', 1);
    await handOver(2);
    await end('success', 2);
    expect(due).toEqual([2]);
    await end('success', 3);
    await end('success', 4);
    await all;
  });
});
