import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { ArchiverError } from '../../src/errors.ts';
import { remembered } from './children.ts';

/** What a process took from its start to its end. */
export interface Usage {
  readonly seconds: number;
  /** Of this process and those that it started. */
  readonly cpuSeconds: number;
  /** The most memory that it had at a time. */
  readonly peakMegabytes: number;
}

/** A program and its arguments. */
export type CommandLine = readonly [program: string, ...args: string[]];

/** What a process says of itself: the time it spent on what it must not be charged for. */
const uncharged = z.object({ seconds: z.number(), cpuSeconds: z.number() });
export type Uncharged = z.infer<typeof uncharged>;

const LOOKS_APART_MS = 10;
/** Linux counts time for its users in hundredths of a second. */
const TICKS_A_SECOND = 100;

/**
 * Runs a program to its end. Linux only. If it prints {@link Uncharged}, that is taken off.
 * @throws ArchiverError with what it said, if its exit code is not 0
 */
export async function measure([program, ...args]: CommandLine): Promise<Usage> {
  const cpuBefore = cpuSecondsOfChildren();
  const start = performance.now();
  const child = remembered(spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] }));
  let peakMegabytes = 0;
  const timer = setInterval(() => {
    peakMegabytes = Math.max(peakMegabytes, peakOf(child.pid));
  }, LOOKS_APART_MS);
  const ended = new Promise<number | null>((done, fail) => child.once('error', fail).once('exit', done));
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const code = await ended.finally(() => clearInterval(timer));
  const seconds = (performance.now() - start) / 1000;
  const cpuSeconds = cpuSecondsOfChildren() - cpuBefore;
  const [said, complaints] = await output;
  if (code !== 0)
    throw new ArchiverError(`${[program, ...args].join(' ')}: exit code ${code}\n${complaints}${said}`);
  const free = said.startsWith('{') ? uncharged.parse(JSON.parse(said)) : { seconds: 0, cpuSeconds: 0 };
  return { seconds: seconds - free.seconds, cpuSeconds: cpuSeconds - free.cpuSeconds, peakMegabytes };
}

/** Of the processes whose end this process has seen, and of those whose end they have seen. */
function cpuSecondsOfChildren(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const [user, system] = stat.slice(stat.lastIndexOf(')')).split(' ').slice(14, 16).map(Number);
  return ((user ?? 0) + (system ?? 0)) / TICKS_A_SECOND;
}

/**
 * The most memory of a process so far. It only grows, so the last look misses what was added in its last milliseconds. The
 * figure that `wait4` gives at the end would begin with what this process had when it started the other.
 */
function peakOf(pid: number | undefined): number {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes ?? 0) / 1024;
  } catch {
    return 0; // It has ended.
  }
}
