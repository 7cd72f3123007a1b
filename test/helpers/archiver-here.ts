import { EventEmitter } from 'node:events';
import { parseArguments } from '../../src/cli/cli.ts';
import { execute } from '../../src/execute.ts';
import { programVersion } from '../../src/installation.ts';
import type { OutputStream } from '../../src/log/standard-stream.ts';
import type { Ended } from './archiver-process.ts';

/**
 * Runs the archiver in the process of the test, from its sources: what starts takes a second less, and two looks at run records
 * follow each other at once. What is killed, gets signals, or loads modules before the program needs `ArchiverProcess`.
 * @param env in addition to this process's environment
 */
export async function archiveHere(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const [stdout, stderr] = [caughtStream(), caughtStream()];
  const end = (code: number): Ended => ({ code, signal: null, stdout: stdout.text, stderr: stderr.text });
  const parsed = parseArguments(args, { program: programVersion(), node: process.version });
  if (parsed.kind === 'exit') {
    stdout.write(parsed.stdout);
    stderr.write(parsed.stderr);
    return end(parsed.code);
  }
  const code = await execute(parsed.request, {
    env: { ...process.env, no_proxy: '*', ...env },
    stdout,
    stderr,
    process: new EventEmitter(),
    exit: (exitCode) => {
      throw new Error(`The archiver ends itself at once with exit code ${exitCode}`);
    },
    now: () => new Date(),
    sleep: async () => undefined,
  });
  return end(code);
}

/** A stream that keeps what is written to it. */
function caughtStream(): OutputStream & { readonly text: string } {
  let text = '';
  return {
    get text() {
      return text;
    },
    columns: undefined,
    isWatched: false,
    write: (more) => {
      text += more;
      return true;
    },
    leaveTerminal: () => undefined,
    throwIfLost: () => undefined,
  };
}
