import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { startTicksOf } from './process-table.ts';

/** What tells one process from every other one, on this machine or another, before or after a reboot. */
export interface LockOwner {
  readonly pid: number;
  /** Clock ticks between boot and the start of the process: differs when a PID is used again. */
  readonly startTicks: string;
  readonly bootId: string;
  /** Number of the PID namespace: in another one (a container) the same PID is another process. */
  readonly pidNamespace: string;
  /** Tells machines apart that have the same host name. */
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
 * The owner as the name of a file inside the lock directory. A name, unlike content, appears whole or not at all, and
 * removing it can never hit the record of another owner.
 */
export function recordName(owner: LockOwner): string {
  const host = encodeURIComponent(owner.host).slice(0, LONGEST_HOST);
  const { pid, startTicks, bootId, pidNamespace: namespace, machine } = owner;
  return `owner-${pid}-${startTicks}-${bootId}-${namespace}-${machine}-${host}`;
}

/** Reverses {@link recordName}; undefined if the file is none of ours. */
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
