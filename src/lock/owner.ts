import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { findInContainers, findProcess, startTicksOf } from './processes.ts';

/** What distinguishes a process from every other one, on this machine or another, before or after a reboot. */
export interface LockOwner {
  readonly pid: number;
  /** Clock ticks between boot and the start of the process: another number when a PID is used again. */
  readonly startTicks: string;
  readonly bootId: string;
  /** Number of the PID namespace: in another one (a container) the same PID is another process. */
  readonly pidNamespace: string;
  /** Distinguishes machines that have the same host name. */
  readonly machine: string;
  readonly host: string;
}

/** Stands for a detail that this system does not tell. */
export const UNKNOWN = '0';

const RECORD = /^owner-([0-9]+)-([0-9]+)-([0-9a-f]+)-([0-9]+)-([0-9a-f]+)-(.+)$/;
const LONGEST_HOST = 120;

/** The process that runs this code. */
export function currentOwner(): LockOwner {
  const machineId = textOf('/etc/machine-id');
  return {
    pid: process.pid,
    startTicks: startTicksOf(process.pid) ?? UNKNOWN,
    bootId: textOf('/proc/sys/kernel/random/boot_id')?.replaceAll('-', '') ?? UNKNOWN,
    pidNamespace: pidNamespace() ?? UNKNOWN,
    machine: machineId ? createHash('sha256').update(machineId).digest('hex').slice(0, 8) : UNKNOWN,
    host: hostname(),
  };
}

/**
 * The owner as the name of a file inside the lock directory. Unlike content, a name appears whole or not at all, and removing
 * it can never hit the record of another owner.
 */
export function recordName(owner: LockOwner): string {
  const host = encodeURIComponent(owner.host).slice(0, LONGEST_HOST);
  const { pid, startTicks, bootId, pidNamespace: namespace, machine } = owner;
  return `owner-${pid}-${startTicks}-${bootId}-${namespace}-${machine}-${host}`;
}

/** Reverses {@link recordName}; undefined for other names. */
export function parseRecordName(name: string): LockOwner | undefined {
  const [, pid, startTicks, bootId, namespace, machine, host] = RECORD.exec(name) ?? [];
  if (!pid || !startTicks || !bootId || !namespace || !machine || !host) return undefined;
  return { pid: Number(pid), startTicks, bootId, pidNamespace: namespace, machine, host: decoded(host) };
}

function decoded(host: string): string {
  return host.replace(/(?:%[0-9A-F]{2})+/g, (escaped) =>
    Buffer.from(escaped.replaceAll('%', ''), 'hex').toString(),
  );
}

function pidNamespace(): string | undefined {
  try {
    return /[0-9]+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0];
  } catch {
    return undefined; // No /proc here, or closed: the detail stays unknown.
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined; // Not every system has it: the detail stays unknown.
  }
}

/** `unknown`: out of our sight (another host or container), and its heartbeat may only have been delayed. */
export type Liveness = 'alive' | 'dead' | 'unknown';

/** A living owner touches its lock every second. An owner that we can't look up counts as dead after so long a silence. */
export const SILENCE_LIMIT_MS = {
  /** Clocks of two machines may differ: this is far beyond any plausible difference. */
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
