import { type LockOwner, UNKNOWN } from './owner.ts';
import { findInContainers, findProcess } from './process-table.ts';

/** `unknown`: out of our sight (another host or container), and its heartbeat may only have been delayed. */
export type Liveness = 'alive' | 'dead' | 'unknown';

/** A living owner touches its lock every second; after that long without, one that we can't look up is given up. */
export const SILENCE_LIMIT_MS = {
  /** Clocks of two machines may differ, so this is far beyond any plausible difference. */
  otherHost: 6 * 60 * 60 * 1000,
  /** Same kernel, same clock. */
  otherContainer: 10 * 60 * 1000,
} as const;

/** How processes of this machine are looked up. */
export interface ProcessTable {
  readonly find: typeof findProcess;
  readonly findInContainers: typeof findInContainers;
}

/**
 * Whether the owner of a lock still runs.
 * @param silentForMs time since the owner last touched its lock, in milliseconds.
 */
export function judgeOwner(
  owner: LockOwner,
  self: LockOwner,
  silentForMs: number,
  processes: ProcessTable = { find: findProcess, findInContainers },
): Liveness {
  const whereabouts = whereaboutsOf(owner, self);
  if (whereabouts === 'earlierBoot') return 'dead';
  if (whereabouts === 'here') {
    const found = processes.find(owner.pid);
    if (found === undefined) return 'dead';
    return differ(owner.startTicks, found.startTicks ?? UNKNOWN) ? 'dead' : 'alive';
  }
  if (whereabouts === 'otherContainer') {
    const found = processes.findInContainers(owner.pid, self.pidNamespace);
    if (found?.length === 0) return 'dead';
    if (found?.some(({ startTicks }) => startTicks === owner.startTicks)) return 'alive';
  }
  return silentForMs > SILENCE_LIMIT_MS[whereabouts] ? 'dead' : 'unknown';
}

/** Where the owner of a lock runs, or ran, as seen from here. */
export function whereaboutsOf(
  owner: LockOwner,
  self: LockOwner,
): 'here' | 'earlierBoot' | keyof typeof SILENCE_LIMIT_MS {
  // The same boot is the same machine, whatever it is called; another one may be a reboot or another machine.
  const sameBoot = owner.bootId !== UNKNOWN && owner.bootId === self.bootId;
  if (!sameBoot && (owner.host !== self.host || differ(owner.machine, self.machine))) return 'otherHost';
  if (differ(owner.bootId, self.bootId)) return 'earlierBoot';
  return differ(owner.pidNamespace, self.pidNamespace) ? 'otherContainer' : 'here';
}

function differ(one: string, other: string): boolean {
  return one !== UNKNOWN && other !== UNKNOWN && one !== other;
}
