import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';

const withoutPause = resolve(import.meta.dirname, 'archiver-without-pause.mjs');

/** How the archiver ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ArchiverOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A command and its arguments to run the archiver under, e.g. `['flock', '-n', file]`. */
  readonly under?: readonly string[];
  /** The program to start instead of the one without a pause between two looks at run records. */
  readonly program?: string;
}

/** The command as operators start it. */
export const realProgram = resolve(import.meta.dirname, '../../bin/run-archiver');

/** The archiver, compiled, as a child process. */
export class ArchiverProcess {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  readonly #watchers = new Set<() => void>();
  #stdout = '';
  #stderr = '';
  #hasEnded = false;

  constructor(args: readonly string[], options: ArchiverOptions = {}) {
    const { under = [], program = withoutPause } = options;
    const [command = '', ...rest] = [...under, process.execPath, program, ...args];
    this.#child = spawn(command, rest, {
      cwd: options.cwd,
      // The proxy of whoever runs the tests does not lead to this machine.
      env: { ...process.env, no_proxy: '*', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout
      ?.setEncoding('utf8')
      .on('data', (text: string) => this.#note(() => (this.#stdout += text)));
    this.#child.stderr
      ?.setEncoding('utf8')
      .on('data', (text: string) => this.#note(() => (this.#stderr += text)));
    this.ended = new Promise((done, fail) => {
      this.#child.once('error', fail);
      this.#child.once('close', (code, signal) => {
        this.#note(() => {
          this.#hasEnded = true;
        });
        done({ code, signal, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Waits until standard output holds the text; fails if the archiver ends before. */
  async says(text: string): Promise<void> {
    await new Promise<void>((done, fail) => {
      const look = () => {
        if (this.#stdout.includes(text)) done();
        else if (this.#hasEnded)
          fail(new Error(`ended without saying "${text}":\n${this.#stdout}${this.#stderr}`));
        else return;
        this.#watchers.delete(look);
      };
      this.#watchers.add(look);
      look();
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  #note(change: () => void): void {
    change();
    for (const watcher of [...this.#watchers]) watcher();
  }
}
