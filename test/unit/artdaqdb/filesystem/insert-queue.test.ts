import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { InsertQueue } from '../../../../src/artdaqdb/filesystem/insert-queue.ts';
import type { NewDocument, Submission } from '../../../../src/artdaqdb/submission.ts';
import { ArtdaqDbError, SharedWriteError } from '../../../../src/errors.ts';

const MB = 1024 * 1024;

afterEach(() => {
  vi.useRealTimers();
});

function submission(run: number, bytes = 1): Submission {
  const document = { bytes: { length: bytes } } as unknown as NewDocument;
  return { kind: 'insert', run, configuration: `${run}/standard`, documents: [document] };
}

/** A queue whose writes last until the test ends them, with a failure for each run that has one. */
function setUp() {
  const batches: number[][] = [];
  const handedOver: number[] = [];
  const warnings: string[] = [];
  const due = new Map<number, () => void>();
  let finish: (failures: ReadonlyMap<number, unknown>) => void = () => undefined;
  const queue = new InsertQueue(
    async (batch) => {
      batches.push(batch.map(({ run }) => run));
      const failures = await new Promise<ReadonlyMap<number, unknown>>((resolve) => {
        finish = resolve;
      });
      return batch.map(({ run }) => failures.get(run));
    },
    (message) => warnings.push(message),
  );
  const outcomes = new Map<number, unknown>();
  return {
    queue,
    batches,
    handedOver,
    warnings,
    outcomes,
    /** Stores a run that may wait for others. */
    add: (run: number, bytes?: number) => {
      const handOver = () => {
        handedOver.push(run);
        return new Promise<void>((resolve) => due.set(run, resolve));
      };
      queue.store(submission(run, bytes), handOver).then(
        () => outcomes.set(run, 'stored'),
        (error: unknown) => outcomes.set(run, error),
      );
    },
    /** No other run is on its way. */
    comesAlone: async (run: number) => {
      due.get(run)?.();
      await turn();
    },
    finish: async (...failures: [run: number, failure: unknown][]) => {
      finish(new Map(failures));
      await turn();
    },
  };
}

const runs = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

describe('InsertQueue', () => {
  it('one write carries 16 runs, and while it lasts no more than the next 16 leave their workers', async () => {
    const { add, batches, handedOver, finish } = setUp();
    for (const run of runs(1, 15)) add(run);
    expect(batches).toEqual([]);
    for (const run of runs(16, 40)) add(run);
    expect(batches).toEqual([runs(1, 16)]);
    expect(handedOver).toEqual(runs(1, 32));
    await finish();
    expect(batches).toEqual([runs(1, 16), runs(17, 32)]);
    expect(handedOver).toEqual(runs(1, 40));
  });

  it('keeps no documents of a run that is stored, though others are still being prepared', async () => {
    const queue = new InsertQueue(
      async () => [undefined],
      () => undefined,
    );
    const due: (() => void)[] = [];
    const store = async (run: number): Promise<WeakRef<Submission>> => {
      const stored = submission(run, 64 * MB);
      await queue.store(stored, () => new Promise((resolve) => due.push(resolve)));
      return new WeakRef(stored);
    };
    const reference = await store(1);
    await store(2);
    await turn();
    setFlagsFromString('--expose-gc');
    runInNewContext('gc')();
    setFlagsFromString('--no-expose-gc');
    expect(reference.deref()).toBeUndefined();
    for (const resolve of due) resolve();
  });

  it('one write carries 64 MB, and more only of a single run', async () => {
    const { add, batches, handedOver, finish } = setUp();
    add(1, 40 * MB);
    add(2, 30 * MB);
    add(3, 100 * MB);
    expect(batches).toEqual([[1]]);
    expect(handedOver).toEqual([1, 2]);
    await finish();
    expect(batches).toEqual([[1], [2]]);
    await finish();
    expect(batches).toEqual([[1], [2], [3]]);
  });

  it('there is room for documents until 96 MB wait or are being written, and then once a write has ended', async () => {
    const { queue, add, batches, finish } = setUp();
    const found: number[] = [];
    const seek = async (megabytes: number) => {
      await queue.room(megabytes * MB);
      found.push(megabytes);
    };
    await seek(200);
    add(1, 60 * MB);
    await seek(30);
    expect(batches).toEqual([]);
    void seek(40);
    await turn();
    expect({ batches, found }).toEqual({ batches: [[1]], found: [200, 30] });
    add(2, 30 * MB);
    await finish();
    expect({ batches, found }).toEqual({ batches: [[1]], found: [200, 30, 40] });
  });

  it('a run waits for no others if none is being prepared', async () => {
    const { add, comesAlone, batches, outcomes, finish } = setUp();
    for (const run of runs(1, 5)) add(run);
    await comesAlone(5);
    expect(batches).toEqual([runs(1, 5)]);
    expect(outcomes.size).toBe(0);
    await finish();
    expect([...outcomes]).toEqual(runs(1, 5).map((run) => [run, 'stored']));
  });

  it('a run waits two seconds for others, and no longer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { add, batches } = setUp();
    add(1);
    await vi.advanceTimersByTimeAsync(1500);
    add(2);
    expect(batches).toEqual([]);
    await vi.advanceTimersByTimeAsync(500);
    expect(batches).toEqual([[1, 2]]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('a run that can not wait is stored at once, with those that wait', async () => {
    const { queue, add, batches, finish } = setUp();
    add(1);
    const stored = queue.store(submission(2));
    expect(batches).toEqual([[1, 2]]);
    await finish();
    await stored;
  });

  it('runs of one name are stored one after the other', async () => {
    const { queue, batches, finish } = setUp();
    const stored = [7, 7, 8].map((run) => queue.store(submission(run)));
    await finish();
    expect(batches).toEqual([[7], [7, 8]]);
    await finish();
    await Promise.all(stored);
  });

  it('nothing waits any more when the queue is drained', async () => {
    const { queue, add, batches, outcomes, finish } = setUp();
    add(1);
    const drained = queue.drained();
    expect(batches).toEqual([[1]]);
    await finish();
    await drained;
    expect([...outcomes]).toEqual([[1, 'stored']]);
  });

  it('a shared write that failed is told to all of its runs as one failure', async () => {
    const { add, comesAlone, outcomes, warnings, finish } = setUp();
    for (const run of [1, 2]) add(run);
    await comesAlone(2);
    const full = new ArtdaqDbError('no space', { fault: 'site' });
    await finish([1, full], [2, full]);
    for (const run of [1, 2]) {
      expect(outcomes.get(run)).toBeInstanceOf(SharedWriteError);
      expect(outcomes.get(run)).toMatchObject({ run, isWhole: true, fault: 'site' });
    }
    expect(warnings).toEqual([
      '2 runs could not be stored in artdaqDB together: no space. They come again, one at a time',
    ]);
  });

  it('a run that fails among others has to come alone, unless the fault is its own', async () => {
    const { add, comesAlone, outcomes, warnings, finish } = setUp();
    for (const run of [1, 2, 3]) add(run);
    await comesAlone(3);
    const own = new ArtdaqDbError('not the same', { fault: 'run' });
    await finish([1, new ArtdaqDbError('input/output error')], [2, own]);
    expect(outcomes.get(1)).toBeInstanceOf(SharedWriteError);
    expect(outcomes.get(1)).toMatchObject({ isWhole: false, fault: 'unknown' });
    expect(outcomes.get(2)).toBe(own);
    expect(outcomes.get(3)).toBe('stored');
    expect(warnings).toEqual([]);
  });

  it('no warning says that runs come again that failed by their own fault', async () => {
    const { add, comesAlone, warnings, finish } = setUp();
    const own = new ArtdaqDbError('not the same', { fault: 'run' });
    const full = new ArtdaqDbError('no space', { fault: 'site' });
    for (const run of [1, 2]) add(run);
    await comesAlone(2);
    await finish([1, own], [2, own]);
    expect(warnings).toEqual([]);
    for (const run of [3, 4, 5]) add(run);
    await comesAlone(5);
    await finish([3, own], [4, full], [5, full]);
    expect(warnings).toEqual([expect.stringMatching(/^2 runs .* no space/)]);
  });

  it('the failure of a run that was stored alone is its own', async () => {
    const { add, comesAlone, outcomes, finish } = setUp();
    add(1);
    await comesAlone(1);
    const failure = new ArtdaqDbError('no space', { fault: 'site' });
    await finish([1, failure]);
    expect(outcomes.get(1)).toBe(failure);
  });
});
