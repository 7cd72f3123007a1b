import type { RunNumber } from '../runs/run-number.ts';
import type { Schedule } from './schedule.ts';
import type { WorkerSlot } from './worker-slot.ts';

/**
 * Works on the runs that a schedule chooses, several at once, until it chooses none or `stop` aborts.
 * @param work must tell the schedule how the run ended
 */
export async function followSchedule(
  schedule: Schedule,
  { workers, stop }: { readonly workers: number; readonly stop: AbortSignal },
  work: (run: RunNumber, slot: WorkerSlot) => Promise<void>,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  const holders = new Set<WorkerSlot>();
  const waiting = new Map<WorkerSlot, () => void>();
  const waitNoMore = (slots: Iterable<WorkerSlot>): void => {
    for (const slot of slots) {
      waiting.get(slot)?.();
      waiting.delete(slot);
    }
  };
  let wake = (): void => undefined;
  let first: WorkerSlot | undefined;
  let tellOthers = (): void => undefined;
  const firstEnded = new Promise<void>((resolve) => {
    tellOthers = resolve;
  });
  const newSlot = (): WorkerSlot => {
    const slot: WorkerSlot = {
      handOver: async () => {
        first ??= slot;
        if (slot !== first && !schedule.isCalm) await firstEnded;
        if (!schedule.isCalm) return;
        holders.delete(slot);
        wake();
        await new Promise<void>((resolve) => waiting.set(slot, resolve));
      },
      takeBack: () => {
        if (slot === first) tellOthers();
        holders.add(slot);
      },
    };
    holders.add(slot);
    return slot;
  };
  const mayBegin = (): boolean =>
    !stop.aborted && holders.size < workers && (schedule.isCalm || underWay.size < workers);
  for (;;) {
    while (mayBegin()) {
      const run = schedule.next();
      if (run === undefined) break;
      const slot = newSlot();
      const begun: Promise<void> = work(run, slot).finally(() => {
        if (slot === first) tellOthers();
        // Who waits holds the run in memory.
        waitNoMore([slot]);
        holders.delete(slot);
        underWay.delete(begun);
      });
      underWay.add(begun);
    }
    if (holders.size === 0) waitNoMore([...waiting.keys()]);
    if (underWay.size === 0) return;
    const handedOver = new Promise<void>((resolve) => {
      wake = resolve;
    });
    await Promise.race([...underWay, handedOver]);
  }
}
