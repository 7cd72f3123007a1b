import { type LockOwner, UNKNOWN } from './owner.ts';
import { findProcess } from './process-table.ts';

/** `unknown`: out of our sight (another host or container), and its heartbeat may only have been delayed. */
export type Liveness = 'alive' | 'dead' | 'unknown';

/** A living owner touches its lock every second; after that long without, one that we can't look up is given up. */
export const SILENCE_LIMIT_MS = {
  /** Clocks of two machines may differ, so this is far beyond any plausible difference. */
  otherHost: 6 * 60 * 60 * 1000,
  /** Same kernel, same clock. */
  otherContainer: 10 * 60 * 1000,
} as const;

/**
 * Whether the owner of a lock still runs.
 * @param silentForMs time since the owner last touched its lock, in milliseconds.
 * @param find how to look up a process of this machine.
 */
export function judgeOwner(
  owner: LockOwner,
  self: LockOwner,
  silentForMs: number,
  find: typeof findProcess = findProcess,
): Liveness {
  // The same boot is the same machine, whatever it is called; another one may be a reboot or another machine.
  const sameBoot = owner.bootId !== UNKNOWN && owner.bootId === self.bootId;
  if (!sameBoot && (owner.host !== self.host || differ(owner.machine, self.machine))) {
    return silentForMs > SILENCE_LIMIT_MS.otherHost ? 'dead' : 'unknown';
  }
  if (differ(owner.bootId, self.bootId)) return 'dead';
  if (differ(owner.pidNamespace, self.pidNamespace)) {
    return silentForMs > SILENCE_LIMIT_MS.otherContainer ? 'dead' : 'unknown';
  }
  const found = find(owner.pid);
  if (found === undefined) return 'dead';
  return differ(owner.startTicks, found.startTicks ?? UNKNOWN) ? 'dead' : 'alive';
}

function differ(one: string, other: string): boolean {
  return one !== UNKNOWN && other !== UNKNOWN && one !== other;
}
