import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';

/** How a tool ended. */
export interface ToolEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ToolOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
}

/** A program of tools/ as a child process, built. */
export class ToolProcess {
  readonly ended: Promise<ToolEnd>;
  readonly #child: ChildProcessWithoutNullStreams;

  constructor(name: string, args: readonly string[], { cwd, env, stdin = '' }: ToolOptions = {}) {
    const program = resolve(import.meta.dirname, '../../bin', name);
    this.#child = spawn(process.execPath, [program, ...args], { cwd, env: { ...process.env, ...env } });
    // A tool that wants no input may be gone before it is written.
    this.#child.stdin.on('error', () => undefined).end(stdin);
    const { stdout, stderr } = this.#child;
    this.ended = Promise.all([text(stdout), text(stderr), once(this.#child, 'close')]).then(
      ([out, err, [code]]) => ({ code, stdout: out, stderr: err }),
    );
  }

  /** Waits until standard error holds the text. */
  async complains(expected: string): Promise<void> {
    let seen = '';
    await new Promise<void>((done, fail) => {
      this.#child.stderr.on('data', (chunk: Buffer) => {
        seen += chunk.toString();
        if (seen.includes(expected)) done();
      });
      this.#child.once('close', () => fail(new Error(`ended without saying "${expected}": ${seen}`)));
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}

/** Runs a program of tools/ to its end. */
export function runTool(name: string, args: readonly string[], options?: ToolOptions): Promise<ToolEnd> {
  return new ToolProcess(name, args, options).ended;
}
