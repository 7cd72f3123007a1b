import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { Environment } from '../../environment.ts';
import { errorCode } from '../../system-error.ts';

/** A program to run to its end. */
export interface ChildCall {
  /** Path of the program. No shell is involved, so arguments arrive as they are. */
  readonly program: string;
  readonly args: readonly string[];
  /** The whole environment of the program. */
  readonly env: Environment;
  /** Working directory; that of this process if absent. */
  readonly cwd?: string | undefined;
  /** Milliseconds after which the program and all that it started are ended. */
  readonly timeoutMs: number;
  /** Milliseconds between SIGTERM and SIGKILL; 5 s if absent. */
  readonly graceMs?: number;
  /** When this process exits, the program isn't killed: it ends by itself, as nobody writes to its standard input any more. */
  readonly endsWithStdin?: boolean;
  /** What the program reads; nothing if absent. */
  readonly stdin?: Readable;
  /** Where its standard output goes; if absent its end is kept. It is ended, or destroyed on failure. */
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
/** What a program printed is there when it ends; the pipes stay open if something it started holds them. */
const DRAIN_MS = 1_000;
/** What writing to a program gives that has ended without reading all. */
const NO_LONGER_READ: ReadonlySet<string> = new Set(['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE']);

/**
 * Runs a program in a process group of its own. When it has ended, or was ended, nothing of the group is left.
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
    // Tells of some errors by an event, and throws others (ENOMEM, ETXTBSY, E2BIG).
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
  // Whatever the program left running is not supposed to be there.
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

/** Ends a program; one that survives even SIGKILL (a file server that hangs) does nothing more when it wakes up. */
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
    // Its exit code tells why it didn't want the rest.
    if (!NO_LONGER_READ.has(errorCode(error) ?? '')) throw error;
  }
}

async function collect(child: ChildProcess, target: Writable | undefined, tail: OutputTail): Promise<void> {
  if (child.stdout === null) return;
  if (target === undefined) child.stdout.on('data', (chunk: Buffer) => tail.add(chunk));
  else await pipeline(child.stdout, target);
}

/** Does it happen within some milliseconds? */
async function within(event: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const timer = new AbortController();
  const elapsed = wait(milliseconds, false, { signal: timer.signal }).catch(() => false);
  const happened = await Promise.race([event.then(() => true), elapsed]);
  timer.abort();
  return happened;
}

/** The end of a stream, as a program's last words tell why it failed; whatever it prints, memory stays bounded. */
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

  /** What is kept, with a word on how much was left out; bytes that are not UTF-8 are shown as U+FFFD. */
  text(): string {
    this.#cut();
    let kept = Buffer.concat(this.#chunks);
    // Of a database's address that is cut, the password would not be recognized.
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

/** Groups of child processes that run, by the id of their leader. */
const running = new Set<number>();

/**
 * Notes a process group that must not outlive this process. Ctrl-C in a terminal doesn't reach it, so that a graceful
 * shutdown lets it end; when this process exits before that, the group is killed.
 */
function watchGroup(leader: number): void {
  // Before anything that could wait for a file server that is away.
  if (running.size === 0) process.prependListener('exit', killAll);
  running.add(leader);
}

/** Takes a group out again. */
function forgetGroup(leader: number): void {
  running.delete(leader);
  if (running.size === 0) process.off('exit', killAll);
}

/** Sends a signal to all processes of a group; one that has ended already needs none. */
function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    // EPERM: what is left of the group belongs to somebody else (a set-user-id program), and isn't ours to end.
    if (errorCode(error) !== 'ESRCH' && errorCode(error) !== 'EPERM') throw error;
  }
}

function killAll(): void {
  for (const leader of running) signalGroup(leader, 'SIGKILL');
}
