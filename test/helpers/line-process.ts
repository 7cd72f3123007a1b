import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A child process that answers in lines. */
export interface LineProcess {
  readonly pid: number;
  /** The next line of its standard output; rejects with what it wrote to standard error if it ends before. */
  line(): Promise<string>;
  /** Ends its standard input and waits for its end. */
  finish(): Promise<void>;
  /** SIGKILL, and waits for its end. */
  kill(): Promise<void>;
}

/** Starts a program whose lines can be awaited one by one. */
export function startLineProcess(command: string, args: readonly string[]): LineProcess {
  const child: ChildProcessWithoutNullStreams = spawn(command, args, { stdio: 'pipe' });
  const exited = once(child, 'exit');
  let errors = '';
  child.stderr.on('data', (data: Buffer) => {
    errors += data.toString();
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    pid: child.pid ?? 0,
    line: async () => {
      const { value, done } = await lines.next();
      if (done) throw new Error(`The process ended: ${errors}`);
      return value;
    },
    finish: async () => {
      child.stdin.end();
      await exited;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
