import { EventEmitter } from 'node:events';
import { parseArguments } from '../../src/cli/cli.ts';
import { execute } from '../../src/execute.ts';
import { programVersion } from '../../src/installation.ts';
import type { OutputStream } from '../../src/log/standard-stream.ts';
import { modes } from '../../src/modes/all.ts';
import type { Ended } from './archiver-process.ts';

/** What else an archiver in this process is given. */
export interface HereOptions {
  /** In addition to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** In place of a stream that keeps what is written. */
  readonly stdout?: OutputStream;
  /** In place of the clock. */
  readonly now?: () => Date;
}

/**
 * The archiver in the process of the test, from its sources: a start takes a second less, and two looks at run records follow each
 * other at once. What is killed, or loads modules before the program does, needs `ArchiverProcess`.
 */
export class ArchiverHere {
  readonly ended: Promise<Ended>;
  readonly #events = new EventEmitter();
  readonly #stdout = caughtStream();
  readonly #stderr = caughtStream();

  constructor(args: readonly string[], options: HereOptions = {}) {
    this.ended = this.#run(args, options);
  }

  /** Waits until standard output holds the text; fails if the archiver ends before. */
  async says(text: string): Promise<void> {
    const ended = this.ended.then(({ stdout }) => {
      if (!stdout.includes(text)) throw new Error(`ended without saying "${text}":\n${stdout}`);
    });
    await Promise.race([ended, this.#stdout.holds(text)]);
  }

  /** What the process of the archiver is told of a signal. */
  kill(signal: 'SIGINT' | 'SIGTERM'): void {
    this.#events.emit(signal);
  }

  async #run(
    args: readonly string[],
    { env = {}, stdout = this.#stdout, now = () => new Date() }: HereOptions,
  ): Promise<Ended> {
    const parsed = parseArguments(args, modes, { program: programVersion(), node: process.version });
    if (parsed.kind === 'exit') {
      stdout.write(parsed.stdout);
      this.#stderr.write(parsed.stderr);
      return this.#end(parsed.code);
    }
    if (parsed.kind === 'init') throw new Error('a new configuration needs a process of its own');
    const code = await execute(parsed.request, {
      env: { ...process.env, no_proxy: '*', ...env },
      stdout,
      stderr: this.#stderr,
      process: this.#events,
      exit: (exitCode) => {
        throw new Error(`The archiver ends its process with exit code ${exitCode}`);
      },
      now,
      sleep: async () => undefined,
    });
    return this.#end(code);
  }

  #end(code: number): Ended {
    return { code, signal: null, stdout: this.#stdout.text, stderr: this.#stderr.text };
  }
}

/** Runs the archiver to its end in the process of the test. */
export function archiveHere(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended> {
  return new ArchiverHere(args, env === undefined ? {} : { env }).ended;
}

/** Keeps what is written to it. */
interface CaughtStream extends OutputStream {
  readonly text: string;
  /** Waits until it holds the text. */
  holds(expected: string): Promise<void>;
}

/** In place of standard output or standard error. */
export function caughtStream(): CaughtStream {
  const watchers: { readonly expected: string; readonly done: () => void }[] = [];
  let text = '';
  const look = (): void => {
    for (const { expected, done } of watchers) if (text.includes(expected)) done();
  };
  return {
    get text() {
      return text;
    },
    holds: (expected) =>
      new Promise((done) => {
        watchers.push({ expected, done });
        look();
      }),
    columns: undefined,
    isWatched: false,
    hasReader: true,
    write: (more) => {
      text += more;
      look();
      return true;
    },
    leaveTerminal: () => undefined,
    throwIfLost: () => undefined,
  };
}
