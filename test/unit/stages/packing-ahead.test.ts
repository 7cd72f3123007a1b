import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { PackingAhead } from '../../../src/stages/packing-ahead.ts';

/** Packs blobs of these sizes, and notes what happens. */
function packing(workers: number, sizes: readonly number[]) {
  const ahead = new PackingAhead(workers);
  const begun: number[] = [];
  const atWork: number[] = [];
  const [packed, worked] = [new Map<number, () => void>(), new Map<number, (error?: Error) => void>()];
  const uses = sizes.map((size, run) =>
    ahead.use(
      async () => {
        begun.push(run);
        await new Promise<void>((resolve) => packed.set(run, resolve));
        return Buffer.allocUnsafe(size);
      },
      async () => {
        atWork.push(run);
        await new Promise<void>((resolve, reject) =>
          worked.set(run, (error) => (error === undefined ? resolve() : reject(error))),
        );
      },
    ),
  );
  return {
    begun,
    atWork,
    uses,
    pack: async (...runs: readonly number[]) => {
      for (const run of runs) packed.get(run)?.();
      await turn();
    },
    end: async (run: number, error?: Error) => {
      worked.get(run)?.(error);
      await turn();
    },
  };
}

describe('PackingAhead', () => {
  it('packs as many runs at once as there are workers, whatever is in progress', async () => {
    const { begun, atWork, uses, pack, end } = packing(2, [1, 1, 1, 1]);
    await turn();
    expect(begun).toEqual([0, 1]);
    await pack(0, 1);
    expect({ begun, atWork }).toEqual({ begun: [0, 1, 2, 3], atWork: [0, 1] });
    await pack(2, 3);
    for (const run of [0, 1, 2, 3]) await end(run);
    await Promise.all(uses);
  });

  it('packs no further run while packed ones hold 64 MB, and goes on when one has ended, even badly', async () => {
    const { begun, atWork, uses, pack, end } = packing(1, [40e6, 40e6, 1]);
    await turn();
    await pack(0);
    await pack(1);
    expect({ begun, atWork }).toEqual({ begun: [0, 1], atWork: [0, 1] });
    const failed = expect(uses[0]).rejects.toThrow('refused');
    await end(0, new Error('refused'));
    await failed;
    expect(begun).toEqual([0, 1, 2]);
    await pack(2);
    for (const run of [1, 2]) await end(run);
    await Promise.all(uses.slice(1));
  });
});
