import { closeSync, fstatSync, writeSync } from 'node:fs';
import { inspect } from 'node:util';
import { ArchiverError, messageOf } from '../errors.ts';
import { exitCodeOf, exitCodes } from '../exit.ts';
import { visibleLines } from '../shown-text.ts';
import { errorCode } from '../system-error.ts';
import { withSourceLines } from './source-lines.ts';

/** Takes a program's output: standard output, standard error, or what a test uses instead. */
export interface OutputStream {
  /** The width of the terminal; undefined if it is none. */
  readonly columns: number | undefined;
  /** Is it a terminal that has not gone away, as far as we know? */
  readonly isWatched: boolean;
  /** False once the reader of a pipe (`| head`) or the terminal has gone, as far as we know. */
  readonly hasReader: boolean;
  /** @returns false if a text that somebody may want is lost, as on a full disk; everything after it is lost too */
  write(text: string): boolean;
  /** Writes nothing more to it if it is a terminal. */
  leaveTerminal(): void;
  /** @throws ArchiverError if {@link write} lost something */
  throwIfLost(): void;
}

/** Milliseconds after which a full pipe is tried again. */
const FULL_PIPE_MS = 10;
const NAMES = { stdout: 'Standard output', stderr: 'Standard error' } as const;

/**
 * Standard output or standard error of this process. The whole text is written before `write` returns. When the reader of a
 * pipe (`| head`) or the terminal has gone, nobody wants the rest, so it is dropped silently.
 */
export class StandardStream implements OutputStream {
  /** Was it a terminal when the program began? The system no longer counts a closed one as a terminal. */
  readonly #isTerminal: boolean;
  readonly #name: keyof typeof NAMES;
  readonly #fd: number;
  #isGone = false;
  #failure: unknown;

  /** @param fd what to write to in its place, for tests */
  constructor(name: keyof typeof NAMES, fd = name === 'stdout' ? 1 : 2) {
    this.#name = name;
    this.#fd = fd;
    this.#isTerminal = isTerminal(this.#fd);
    // Node's own stream serves for the width alone. It reports by an event that the terminal has gone.
    if (this.#isTerminal) process[name].on('error', () => undefined);
  }

  get columns(): number | undefined {
    return this.#isTerminal ? process[this.#name].columns : undefined;
  }

  get isWatched(): boolean {
    return this.#isTerminal && !this.#isGone;
  }

  get hasReader(): boolean {
    return !this.#isGone;
  }

  write(text: string): boolean {
    if (this.#isGone) return true;
    if (this.#failure !== undefined) return false;
    try {
      for (let rest = Buffer.from(text); rest.length > 0; ) rest = rest.subarray(this.#writeSome(rest));
    } catch (error) {
      const code = errorCode(error);
      if (code === 'EPIPE' || (code === 'EIO' && this.#isTerminal)) this.#isGone = true;
      else this.#failure = error;
    }
    return this.#failure === undefined;
  }

  leaveTerminal(): void {
    if (this.#isTerminal) this.#isGone = true;
  }

  throwIfLost(): void {
    if (this.#failure === undefined) return;
    throw new ArchiverError(
      `${NAMES[this.#name]} could not be written, so that something is missing there: ${messageOf(this.#failure)}`,
      { cause: this.#failure },
    );
  }

  #writeSome(bytes: Uint8Array): number {
    try {
      return writeSync(this.#fd, bytes);
    } catch (error) {
      if (errorCode(error) !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE_MS);
      return 0;
    }
  }
}

/** Standard output of this process. */
export const standardOutput = new StandardStream('stdout');
/** Standard error of this process. */
export const standardError = new StandardStream('stderr');

/**
 * The exit code of a program that wrote to standard output. Lost output is reported and turns success into failure.
 * @param program its name, for the message
 */
export function codeUnlessLost(program: string, code: number): number {
  try {
    standardOutput.throwIfLost();
    return code;
  } catch (error) {
    standardError.write(`${program}: ${messageOf(error)}\n`);
    return code === exitCodes.success ? exitCodes.failure : code;
  }
}

/**
 * Says on standard error why a program ends that has no log.
 * @param program its name, for the message
 * @returns the exit code
 */
export function complain(program: string, error: unknown): number {
  const text =
    error instanceof ArchiverError
      ? `${program}: ${visibleLines(error.message)}`
      : withSourceLines(inspect(error));
  standardError.write(`${text}\n`);
  return exitCodeOf(error);
}

/**
 * Lets the process finish its work when its terminal goes away, with SIGHUP or silently. It needs the listener under `nohup`,
 * too, as Node no longer ignores signals that it was started to ignore.
 */
export function outliveTerminal(): void {
  process.on('SIGHUP', () => {
    standardOutput.leaveTerminal();
    standardError.leaveTerminal();
  });
  const terminals = [0, 1, 2].filter(isTerminal);
  // Node then resets the terminals that it began with, and aborts if one of them has gone.
  process.on('exit', () => {
    for (const fd of terminals) if (!isTerminal(fd)) closeSync(fd);
  });
}

/** Only a device is worth loading `node:tty`, which brings sockets with it. */
function isTerminal(fd: number): boolean {
  return fstatSync(fd).isCharacterDevice() && process.getBuiltinModule('node:tty').isatty(fd);
}
