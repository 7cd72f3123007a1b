import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { Environment } from '../../environment.ts';
import { errorCode } from '../../system-error.ts';

/** A program to run to its end. */
export interface ChildCall {
  /** Path of the program. No shell is involved: arguments arrive unchanged. */
  readonly program: string;
  readonly args: readonly string[];
  /** The whole environment of the program. */
  readonly env: Environment;
  /** Working directory; by default the one of this process. */
  readonly cwd?: string | undefined;
  /** Milliseconds after which the program and everything that it started are killed. */
  readonly timeoutMs: number;
  /** Milliseconds between SIGTERM and SIGKILL; by default 5 s. */
  readonly graceMs?: number;
  /** The program is not killed when this process exits: it ends by itself when its standard input ends. */
  readonly endsWithStdin?: boolean;
  /** What the program reads; by default nothing. */
  readonly stdin?: Readable;
  /** Takes the standard output, and is ended, or destroyed on failure. By default the end of the output is kept. */
  readonly stdout?: Writable;
}

/** How a program ended. */
export interface ChildEnd {
  /** Exit code; null if a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly timedOut: boolean;
  /** The last 64 KiB of what it printed. */
  readonly stdout: string;
  readonly stderr: string;
}

const KEPT_BYTES = 64 * 1024;
const GRACE_MS = 5_000;
/** A program's output is complete when it ends, but the pipes stay open while something it started holds them. */
const DRAIN_MS = 1_000;
/** The errors of writing to a program that has ended without reading all. */
const NO_LONGER_READ: ReadonlySet<string> = new Set(['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE']);

/**
 * Runs a program in a process group of its own. When it has ended, or was killed, nothing of the group is left.
 * @throws the system's error if it can't be started (ENOENT, EACCES, …), and what `stdin` or `stdout` failed with
 */
export async function runChild(call: ChildCall): Promise<ChildEnd> {
  const child = await start(call);
  const leader = child.pid ?? 0;
  if (call.endsWithStdin !== true) watchGroup(leader);
  try {
    return await attend(child, leader, call);
  } finally {
    forgetGroup(leader);
  }
}

async function start(call: ChildCall): Promise<ChildProcess> {
  try {
    // Some errors come as an event, others are thrown (ENOMEM, ETXTBSY, E2BIG).
    const child = spawn(call.program, call.args, {
      env: call.env,
      cwd: call.cwd,
      detached: true,
      stdio: [call.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    await once(child, 'spawn');
    return child;
  } catch (error) {
    call.stdin?.destroy();
    call.stdout?.destroy();
    throw error;
  }
}

async function attend(child: ChildProcess, leader: number, call: ChildCall): Promise<ChildEnd> {
  const exited = once(child, 'exit');
  const closed = once(child, 'close');
  const stdout = new OutputTail(KEPT_BYTES);
  const stderr = new OutputTail(KEPT_BYTES);
  const stop = new AbortController();
  const stopped = once(stop.signal, 'abort');
  let failure: { readonly reason: unknown } | undefined;
  let timedOut = false;
  const fail = (reason: unknown): void => {
    failure ??= { reason };
    stop.abort();
  };
  const deadline = setTimeout(() => {
    timedOut = true;
    stop.abort();
  }, call.timeoutMs);

  child.stderr?.on('data', (chunk: Buffer) => stderr.add(chunk));
  const fed = feed(child, call.stdin).catch(fail);
  const read = collect(child, call.stdout, stdout).catch(fail);
  await Promise.race([exited, stopped]);
  if (stop.signal.aborted) await end(exited, leader, call.graceMs ?? GRACE_MS);
  // Whatever the program left running must not remain.
  signalGroup(leader, 'SIGKILL');
  if (call.stdout !== undefined) await Promise.race([read, stopped]);
  await within(closed, DRAIN_MS);
  clearTimeout(deadline);
  for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe?.destroy();
  call.stdin?.destroy();
  await Promise.all([fed, read]);
  if (failure !== undefined && !timedOut) throw failure.reason;
  const { exitCode: code, signalCode: signal } = child;
  return { code, signal, timedOut, stdout: stdout.text(), stderr: stderr.text() };
}

/** Ends a program. One that survives even SIGKILL, because a file server hangs, does nothing more when it wakes up. */
async function end(exited: Promise<unknown>, leader: number, graceMs: number): Promise<void> {
  signalGroup(leader, 'SIGTERM');
  if (await within(exited, graceMs)) return;
  signalGroup(leader, 'SIGKILL');
  await within(exited, graceMs);
}

async function feed(child: ChildProcess, source: Readable | undefined): Promise<void> {
  if (source === undefined || child.stdin === null) return;
  try {
    await pipeline(source, child.stdin);
  } catch (error) {
    // Its exit code tells why it did not read the rest.
    if (!NO_LONGER_READ.has(errorCode(error) ?? '')) throw error;
  }
}

async function collect(child: ChildProcess, target: Writable | undefined, tail: OutputTail): Promise<void> {
  if (child.stdout === null) return;
  if (target === undefined) child.stdout.on('data', (chunk: Buffer) => tail.add(chunk));
  else await pipeline(child.stdout, target);
}

/** Does an event happen within some milliseconds? */
async function within(event: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const timer = new AbortController();
  const elapsed = wait(milliseconds, false, { signal: timer.signal }).catch(() => false);
  const happened = await Promise.race([event.then(() => true), elapsed]);
  timer.abort();
  return happened;
}

/** The end of a stream, where a program tells why it failed. Memory stays bounded, whatever it prints. */
export class OutputTail {
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #kept = 0;
  #total = 0;

  /** @param limit bytes that are kept */
  constructor(limit: number) {
    this.#limit = limit;
  }

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#kept += chunk.length;
    this.#total += chunk.length;
    if (this.#kept > 2 * this.#limit) this.#cut();
  }

  /** What is kept, and how much was left out; bytes that are not UTF-8 appear as U+FFFD. */
  text(): string {
    this.#cut();
    let kept = Buffer.concat(this.#chunks);
    // In an address that is cut off, nobody would recognize the password.
    if (this.#total > kept.length) kept = kept.subarray(kept.findIndex(isBlank) + 1);
    const left = this.#total - kept.length;
    const text = kept.toString('utf8').trimEnd();
    return left === 0 ? text : `[${left} bytes left out] …${text}`;
  }

  #cut(): void {
    const kept = Buffer.concat(this.#chunks).subarray(-this.#limit);
    this.#chunks = [kept];
    this.#kept = kept.length;
  }
}

function isBlank(byte: number): boolean {
  return byte <= 0x20;
}

/** The groups of running child processes, by the id of their leader. */
const running = new Set<number>();

/**
 * Notes a process group that must not outlive this process. Ctrl-C in a terminal does not reach it, so a graceful shutdown lets
 * it finish. If this process exits before that, the group is killed.
 */
function watchGroup(leader: number): void {
  // First of all: other listeners could wait for a file server that is away.
  if (running.size === 0) process.prependListener('exit', killAll);
  running.add(leader);
}

/** Drops a group. */
function forgetGroup(leader: number): void {
  running.delete(leader);
  if (running.size === 0) process.off('exit', killAll);
}

/** Sends a signal to all processes of a group; one that has ended already needs none. */
function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    // EPERM: the rest of the group belongs to somebody else (a set-user-id program), and we may not end it.
    if (errorCode(error) !== 'ESRCH' && errorCode(error) !== 'EPERM') throw error;
  }
}

function killAll(): void {
  for (const leader of running) signalGroup(leader, 'SIGKILL');
}
